"""Search over HTTP: the hits of the index, with feedback, a re-ranker and a reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit import Predictor, Run
from bertkit.recipe.schema import DataBlock
from bertkit.search.index.about import VectorModel
from bertkit.search.index.asking import ask
from bertkit.search.index.building import add, build
from bertkit.search.index.index import Index, Query
from bertkit.search.index.rows import Documents
from tests.helpers import write_rows
from tests.search.index.conftest import ROWS, silent
from tests.serve.asgi import Asked, tell


@pytest.fixture(scope="module")
def address(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("searched")
    documents = Documents(str(write_rows(ROWS, folder / "docs.jsonl")), DataBlock())
    build(str(folder / "index"), documents, VectorModel(str(tiny_bert)), silent)
    return str(folder / "index")


@pytest.mark.parametrize(
    "query",
    [
        {"text": "where is my parcel ?"},
        {"text": "蜘蛛网", "by": "words"},
        {"text": "parcel", "by": "hybrid", "where": "year >= 2021", "top": 2},
        {"text": "parcel", "liked": ["d1"], "disliked": ["d2"], "skip": ["d5"]},
        {"text": "", "liked": ["d1"]},
    ],
)
def test_hits_are_those_of_the_index(address: str, query: dict[str, Any]) -> None:
    expected = Index.open(address).search(Query(**query))

    async def story(asked: Asked) -> None:
        body = {name.replace("text", "query"): value for name, value in query.items()}
        found = (await asked.post("/v1/search", body)).json()
        assert found["index"] == "docs"
        assert [hit["id"] for hit in found["hits"]] == [hit.id for hit in expected]
        assert [hit["score"] for hit in found["hits"]] == pytest.approx([hit.score for hit in expected], abs=1e-5)
        assert found["hits"][0]["document"] == expected[0].document

    tell(story, indexes={"docs": address})


def test_a_re_ranker_and_a_reader(address: str, ranker: Run, reader: Run) -> None:
    question = "where is my parcel ?"
    index, rank, read = Index.open(address), Predictor.open(ranker), Predictor.open(reader)
    ranked = index.search(Query(question), reranker=rank)
    answered = ask(index, read, Query(question, top=3))

    async def story(asked: Asked) -> None:
        found = (await asked.post("/v1/search", {"query": question, "rerank": "ranker"})).json()
        assert [hit["id"] for hit in found["hits"]] == [hit.id for hit in ranked]
        found = (await asked.post("/v1/search", {"query": question, "reader": "reader", "top": 3})).json()
        assert found["answer"] == answered.text
        assert [hit["id"] for hit in found["hits"]] == [one.hit.id for one in answered.passages]
        shares = [one.share for one in answered.passages]
        assert [hit["share"] for hit in found["hits"]] == pytest.approx(shares, abs=1e-5)
        listed = (await asked.client.get("/v1/models")).json()
        assert {one["id"]: one["gives"] for one in listed["data"]} == {
            "ranker": ["predict", "rerank"],
            "reader": ["predict", "reader"],
        }
        assert listed["indexes"] == [{"id": "docs", "documents": 5, "columns": ["id", "text", "year", "lang"]}]

    models = {"ranker": str(ranker.path), "reader": str(reader.path)}
    tell(story, models=models, indexes={"docs": address})


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({}, 422, "the query: is empty"),
    ({"query": "a", "index": "other"}, 404, "index: name one of those that are served: docs"),
    ({"query": "a", "where": "DROP TABLE documents"}, 422, "where"),
    ({"query": "a", "liked": ["nowhere"]}, 422, "nowhere"),
    ({"query": "a", "liked": ["d1"], "by": "words"}, 422, "liked: feedback moves the query's vector"),
    ({"query": "a", "rerank": "reader"}, 422, "model: reader (squad) does not give rerank"),
    ({"query": " ", "reader": "reader"}, 422, "query: a reader needs a question"),
    ({"query": "a", "top": 0}, 422, "top"),
]


def test_what_can_not_be_searched(address: str, reader: Run) -> None:
    async def story(asked: Asked) -> None:
        for body, status, part in REFUSED:
            found = await asked.post("/v1/search", body)
            assert found.status_code == status, (body, found.text)
            assert part in found.json()["error"]["message"]

    tell(story, models={"reader": str(reader.path)}, indexes={"docs": address})


def test_documents_that_are_added_are_found_after_a_reload(address: str, tiny_bert: Path, tmp_path: Path) -> None:
    async def story(asked: Asked) -> None:
        before = (await asked.post("/v1/search", {"query": "zebra", "by": "words"})).json()
        assert before["hits"] == []
        rows = [{"id": "new", "text": "a zebra", "year": 2030, "lang": "en"}]
        more = Documents(str(write_rows(rows, tmp_path / "more.jsonl")), DataBlock())
        add(address, more, VectorModel(str(tiny_bert)), silent)
        await asked.service.reload()
        after = (await asked.post("/v1/search", {"query": "zebra", "by": "words"})).json()
        assert [hit["id"] for hit in after["hits"]] == ["new"]
        assert (await asked.post("/v1/search", {"query": "zebra"})).status_code == 200

    tell(story, indexes={"docs": address})
