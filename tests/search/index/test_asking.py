"""Answers over documents: which passage answers, and that none does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit import train
from bertkit.errors import DataError, ModelError
from bertkit.inference.predictor import Predictor
from bertkit.run import Run
from bertkit.search.index.asking import ask, check_reader, known, read
from bertkit.search.index.index import Hit, Index, Query
from tests.helpers import tiny_recipe


class Reader:
    """Answers with what stands in `answers` for a context, and how likely that is."""

    def __init__(self, answers: dict[str, tuple[str, float]]):
        self.answers = answers
        self.asked: list[dict[str, str]] = []

    def predict(self, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
        self.asked += rows
        return [self._answer(*self.answers.get(row["context"], ("", 0.1))) for row in rows]

    def _answer(self, text: str, probability: float) -> dict[str, Any]:
        found = [{"text": text or "x", "probability": probability}, {"text": "", "probability": 1 - probability}]
        return {"answer": text, "score": probability, "no_answer_probability": 1 - probability, "n_best": found}


def hit(name: str, text: str, score: float = 0.5) -> Hit:
    return Hit(name, score, {"text": text}, {"cosine": score})


HITS = [hit("a", "about cats", 0.9), hit("b", "Ann fixed it", 0.8), hit("c", "Bob broke it", 0.7)]


def test_the_passage_with_the_most_likely_answer_comes_first() -> None:
    reader: Any = Reader({"Ann fixed it": ("Ann", 0.8), "Bob broke it": ("Bob", 0.6)})
    reply = read(reader, "who?", HITS, ["text"])
    assert reply.text == "Ann"
    assert [passage.hit.id for passage in reply.passages] == ["b", "c", "a"]
    odds = [0.8 / 0.2, 0.6 / 0.4, 0.1 / 0.9]
    assert [p.share for p in reply.passages] == pytest.approx([one / (1 + sum(odds)) for one in odds])
    assert reader.asked[0] == {"question": "who?", "context": "about cats"}


def test_a_passage_that_does_not_answer_is_never_the_answer() -> None:
    reader: Any = Reader({"about cats": ("", 0.95), "Bob broke it": ("Bob", 0.3)})
    assert read(reader, "who?", HITS, ["text"]).text == "Bob"


def test_not_answered_here() -> None:
    reader: Any = Reader({})
    reply = read(reader, "who?", HITS, ["text"])
    assert reply.text is None
    assert len(reply.passages) == 3
    assert read(reader, "who?", [], ["text"]).text is None


def test_a_run_of_squad_reads_what_the_index_finds(address: str, tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("squad", {}, tiny_bert, tmp_path), output=tmp_path / "squad")
    reader = Predictor.open(run)
    check_reader(reader, "squad")
    index = Index.open(address)
    reply = ask(index, reader, Query("where is my parcel", top=3))
    assert {p.hit.id for p in reply.passages} == {hit.id for hit in index.search(Query("where is my parcel", top=3))}
    for passage in reply.passages:
        assert passage.text in passage.hit.document["text"]
    with pytest.raises(DataError, match="the question  is empty"):
        ask(index, reader, Query("", liked=["d1"]))


def test_a_model_that_reads_no_questions(tiny_run: Run) -> None:
    with pytest.raises(ModelError, match="does not answer a question from a text"):
        check_reader(Predictor.open(tiny_run), "runs/mine")


def test_the_nearest_known_question(address: str) -> None:
    index = Index.open(address)
    found = known(index, Query("good bye"), "lang")
    assert (found.answer, found.hit and found.hit.id) == ("en", "d5")
    assert known(index, Query("good bye"), "lang", threshold=1.1).answer is None
    with pytest.raises(DataError, match="--answer  colour: the index has no such column"):
        known(index, Query("good bye"), "colour")
    index.about.threshold = 1.1
    assert known(index, Query("good bye"), "lang").answer is None
