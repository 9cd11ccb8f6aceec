"""Collections in BEIR's layout: what is read, what is counted, and the line of each mistake."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from bertkit.data.beir import read_collection
from bertkit.errors import DataError
from tests.bench.retrieval.beir_data import DOCUMENTS, QRELS, QUERIES, write_beir


def test_a_collection(tmp_path: Path) -> None:
    found = read_collection(write_beir(tmp_path / "tiny"))
    assert found.name == "tiny"
    assert found.documents == ["d1", "d2", "d3", "d4", "q3"]
    assert found.texts[:2] == ["parcel is late", "money back"]
    assert list(found.queries) == list(found.judged) == ["q1", "q2", "q3", "q5"]
    assert found.judged["q1"] == {"d1": 2, "d2": 1, "missing": 1}
    assert found.notes() == [
        "5 documents, 4 judged queries (test)",
        "queries without a judged document, which are left out: 1",
        "queries without a relevant document, which have no figures: 1",
        "judged documents that are not in the corpus, which can not be found: 1",
    ]


def test_packed_files_numbers_as_ids_and_grades(tmp_path: Path) -> None:
    documents = [{"_id": 7, "text": " "}, {"_id": "8", "title": None, "text": "b"}]
    folder = write_beir(tmp_path, documents, [{"_id": 1, "text": "a"}], ["1\t7\t-1", "1\t8\t2.0", "1\t8\t2"], "dev")
    corpus = folder / "corpus.jsonl"
    corpus.with_name("corpus.jsonl.gz").write_bytes(gzip.compress(corpus.read_bytes()))
    corpus.unlink()
    found = read_collection(folder, "dev")
    assert found.judged == {"1": {"7": 0, "8": 2}}
    assert found.notes()[1:] == [
        "documents with neither title nor text: 1",
        "scores below 0, which are read as 0: 1",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"documents": [*DOCUMENTS, {"_id": "d9"}]}, "corpus.jsonl:6  has no text"),
        ({"documents": [*DOCUMENTS, {"_id": "d9", "text": 3}]}, "corpus.jsonl:6  has no text"),
        ({"documents": [{"text": "a"}, *DOCUMENTS]}, "corpus.jsonl:1  has no _id"),
        ({"documents": [{"_id": "a", "text": "a", "title": 3}]}, "corpus.jsonl:1  its title is no text"),
        ({"documents": ["{", *DOCUMENTS]}, "corpus.jsonl:1  broken JSON"),
        ({"documents": [*DOCUMENTS, DOCUMENTS[1]]}, "corpus.jsonl:6  an _id stands twice: d2, also in "),
        ({"documents": []}, "corpus.jsonl  no rows"),
        ({"documents": [{"_id": "x", "text": "x"}]}, "none of the judged documents is in the corpus"),
        ({"queries": [*QUERIES, QUERIES[0]]}, "queries.jsonl:6  an _id stands twice: q1"),
        ({"qrels": [*QRELS, "q9\td1\t1"]}, "test.tsv:9  judges a query that queries.jsonl does not have: q9"),
        ({"qrels": [*QRELS, "q1\td1\thigh"]}, "test.tsv:9  score is no whole number up to 1,000,000: high"),
        ({"qrels": [*QRELS, "q1\td1\t0.5"]}, "test.tsv:9  score is no whole number up to 1,000,000: 0.5"),
        ({"qrels": [*QRELS, "q1\td1\tinf"]}, "test.tsv:9  score is no whole number up to 1,000,000: inf"),
        ({"qrels": [*QRELS, f"q1\td1\t{10**24}"]}, "test.tsv:9  score is no whole number up to 1,000,000: 1000"),
        ({"qrels": [*QRELS, "q1\td1\t1"]}, "test.tsv:9  judges a document again, with another score: q1 d1"),
        ({"qrels": ["q1 0 d1 1"]}, "test.tsv:2  has 1 columns"),
        ({"qrels": []}, "test.tsv  no judgements"),
        ({"qrels": ["q1\td1\t0"]}, "no query has a relevant document"),
    ],
)
def test_mistakes(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_collection(write_beir(tmp_path, **change))
    assert said in str(caught.value)


def test_files_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        read_collection(tmp_path / "none")
    with pytest.raises(DataError, match=r"qrels  has no judgements; expected qrels/test.tsv"):
        read_collection(tmp_path)
    folder = write_beir(tmp_path / "a", split="dev")
    with pytest.raises(DataError, match=r"has no test.tsv; name one with --split: known: dev"):
        read_collection(folder)
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(DataError, match=r"has no corpus.jsonl"):
        read_collection(folder, "dev")
    (folder / "qrels" / "dev.tsv").write_text("q1 0 d1 1\n", "utf-8")
    with pytest.raises(DataError, match=r"dev.tsv:1  the header is"):
        read_collection(folder, "dev")
