"""Searching an index: by vectors, words, both, with a re-ranker and with feedback."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit import train
from bertkit.errors import DataError, ModelError, RunError
from bertkit.inference.predictor import Predictor
from bertkit.search.feedback import Rocchio
from bertkit.search.index.about import VectorModel
from bertkit.search.index.building import delete
from bertkit.search.index.index import Index, Query
from bertkit.search.index.store import Store
from tests.helpers import tiny_recipe
from tests.search.index.conftest import TEXTS


def ids(index: Index, text: str, **options: Any) -> list[str]:
    return [hit.id for hit in index.search(Query(text, **options))]


def test_a_document_finds_itself_first(address: str) -> None:
    index = Index.open(address)
    for name, text in TEXTS.items():
        hit = index.search(Query(text, top=1))[0]
        assert (hit.id, hit.document["text"]) == (name, text)
        assert hit.score == pytest.approx(1, abs=1e-5)
        assert hit.scores == {"cosine": hit.score}
    assert len(ids(index, "a cat")) == 5
    assert len(ids(index, "a cat", top=2)) == 2


def test_words_and_both(address: str) -> None:
    index = Index.open(address)
    assert sorted(ids(index, "my parcel", by="words")) == ["d2", "d3"]
    assert ids(index, "zebra", by="words") == []
    assert ids(index, "蜘蛛网", by="words") == ["d4"]
    vectors = index.search(Query("want my parcel"))
    by_words = [hit.id for hit in index.search(Query("want my parcel", by="words"))]
    both = index.search(Query("want my parcel", by="hybrid"))
    expected = {
        hit.id: 1 / (61 + rank) + (1 / (61 + by_words.index(hit.id)) if hit.id in by_words else 0)
        for rank, hit in enumerate(vectors)
    }
    assert {hit.id: hit.score for hit in both} == pytest.approx(expected)
    assert [hit.score for hit in both] == sorted(expected.values(), reverse=True)
    assert {*both[0].scores} == {"cosine", "bm25"}


def test_a_filter_holds_for_all_ways(address: str) -> None:
    index = Index.open(address)
    for by in ("vectors", "words", "hybrid"):
        assert ids(index, "my parcel is sleeping", by=by, where="year = 2022") == ["d3"]
    assert ids(index, "my parcel", where="year = 1999") == []


def test_feedback_moves_the_query(address: str) -> None:
    index = Index.open(address)
    liked = index.search(Query("", liked=["d3"]))
    store = index.store
    d3, others = store.vectors(["d3"])[0], [name for name in TEXTS if name != "d3"]
    near = dict(zip(others, (store.vectors(others) @ d3).tolist(), strict=True))
    assert [hit.id for hit in liked] == sorted(near, key=lambda name: -near[name])
    away = index.search(Query("good", disliked=["d5"], weights=Rocchio(1, 0.75, 5.0)))
    assert "d5" not in [hit.id for hit in away]
    assert ids(index, "good", weights=Rocchio(1, 0, 0), liked=["d1"]) == [
        name for name in ids(index, "good") if name != "d1"
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (Query(" "), "is empty"),
        (Query("a", liked=["d1"], disliked=["d1"]), "d1 is disliked too"),
        (Query("a", liked=["d1"], by="words"), "feedback moves the query's vector"),
        (Query("a", liked=["d77"]), "no document with the id d77"),
        (Query("a", where="nothing = 3"), "nothing: the index has no such column"),
        (Query("a\ud800b"), "half a character"),
    ],
)
def test_queries_that_can_not_be_asked(query: Query, said: str, address: str) -> None:
    with pytest.raises(DataError, match=said):
        Index.open(address).search(query)


@pytest.mark.parametrize("text", ["😀", "cat " * 2000, "\u0000", "' OR 1=1 --", "*"])
def test_odd_queries_find_something_or_nothing(text: str, address: str) -> None:
    index = Index.open(address)
    assert len(ids(index, text)) == 5
    index.search(Query(text, by="hybrid"))


def test_a_reranker_orders_the_first(address: str, tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("rerank", {}, tiny_bert, tmp_path), output=tmp_path / "rerank")
    reranker = Predictor.open(run)
    hits = Index.open(address).search(Query("where is my parcel", top=3), reranker=reranker)
    pairs = [{"query": "where is my parcel", "text": text} for text in TEXTS.values()]
    scores = dict(zip(TEXTS, (a["score"] for a in reranker.predict(pairs)), strict=True))
    assert [hit.id for hit in hits] == sorted(scores, key=lambda name: -scores[name])[:3]
    assert {hit.id: hit.scores["rerank"] for hit in hits} == pytest.approx({hit.id: scores[hit.id] for hit in hits})


def test_another_model_is_refused(address: str, tiny_bert: Path, tmp_path: Path) -> None:
    other = shutil.copytree(tiny_bert, tmp_path / "other")
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(other / "model.safetensors")
    first = next(iter(weights))
    save_file({**weights, first: torch.full_like(weights[first], 0.5)}, other / "model.safetensors", {"format": "pt"})
    with pytest.raises(RunError, match="was built with another model than"):
        Index.open(address, model=str(other))
    same = shutil.copytree(tiny_bert, tmp_path / "same")
    assert ids(Index.open(address, model=str(same)), "good bye", top=1) == ["d5"]


def test_an_index_moves_with_its_model(tmp_path: Path, tiny_bert: Path, documents) -> None:
    from bertkit.search.index.building import build
    from tests.search.index.conftest import silent

    home = tmp_path / "here"
    home.mkdir()
    shutil.copytree(tiny_bert, home / "model")
    build(str(home / "index"), documents(), VectorModel(str(home / "model")), silent)
    home.rename(tmp_path / "there")
    assert ids(Index.open(str(tmp_path / "there" / "index")), "good bye", top=1) == ["d5"]
    shutil.rmtree(tmp_path / "there" / "model")
    index = Index.open(str(tmp_path / "there" / "index"))
    assert ids(index, "my parcel", by="words")  # needs no model
    with pytest.raises(ModelError, match=r"can not be opened; name where it is now with --model"):
        ids(index, "my parcel")


def test_deleted_documents_are_not_found(address: str) -> None:
    delete(address, ["d3"])
    index = Index.open(address)
    assert "d3" not in ids(index, TEXTS["d3"])
    assert "d3" not in ids(index, TEXTS["d3"], by="words")


def test_an_index_without_documents_finds_nothing(address: str) -> None:
    delete(address, list(TEXTS))
    index = Index.open(address)
    assert ids(index, "cat") == []
    assert ids(index, "cat", by="hybrid") == []
    assert Store.open(address).count() == 0


def test_a_reranker_needs_a_query(address: str) -> None:
    index = Index.open(address)
    with pytest.raises(DataError, match="--rerank  a re-ranker needs a query"):
        index.search(Query("", liked=["d1"]), reranker=index.model.queries)


def test_a_query_of_which_the_model_knows_no_word(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    index = Index.open(address)
    monkeypatch.setattr(Index, "vector", lambda self, text: np.zeros(self.store.size, dtype=np.float32))
    with pytest.raises(DataError, match="the model knows no word of the query"):
        index.search(Query("zzz"))
    assert index.search(Query("cat", by="hybrid"))
