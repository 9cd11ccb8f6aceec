"""`bertkit index ask | tune`: answers, refusals, and the threshold that is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertkit import train
from bertkit.run import Run
from tests.helpers import tiny_recipe, write_csv, write_rows


def test_a_question_is_answered_or_not(bertkit, index: Path, tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("squad", {}, tiny_bert, tmp_path), output=tmp_path / "squad")
    file = tmp_path / "reply.jsonl"
    code, out, err = bertkit("index", "ask", index, "where is my parcel ?", "--reader", run.path, "--passages", 2)
    assert code == 0, err
    assert "passage" in out.splitlines()[1]
    assert len(out.splitlines()) == 4
    code, _, err = bertkit("index", "ask", index, "where is my parcel ?", "--reader", run.path, "-o", file)
    assert code == 0, err
    reply = json.loads(file.read_text("utf-8"))
    assert reply["question"] == "where is my parcel ?"
    assert len(reply["passages"]) == 5
    best = reply["passages"][0]
    assert reply["answer"] == best["answer"]
    assert reply["answer"] is None or reply["answer"] in best["text"]
    assert out.splitlines()[0] == (reply["answer"] or "not answered here")


@pytest.fixture
def faq(bertkit, tiny_bert: Path, tmp_path: Path) -> Path:
    rows = [
        {"id": "q1", "text": "where is my parcel ?", "answer": "track it"},
        {"id": "q2", "text": "good bye", "answer": "see you"},
    ]
    questions = write_rows(rows, tmp_path / "faq.jsonl")
    assert bertkit("index", "build", questions, "-m", tiny_bert, "-o", tmp_path / "faq")[0] == 0
    return tmp_path / "faq"


def test_frequent_questions(bertkit, faq: Path, tmp_path: Path) -> None:
    code, out, err = bertkit("index", "ask", faq, "good bye", "--faq")
    assert code == 0, err
    assert out.splitlines()[0] == "see you"
    assert "nearest known question, cosine 1.000: good bye" in out
    code, out, _ = bertkit("index", "ask", faq, "good bye", "--faq", "--threshold", 1.01)
    assert out.splitlines()[0] == "not answered here"
    dev = [("good bye", "see you"), ("where is my parcel ?", "track it"), ("the cat is sleeping", "")]
    file = write_csv(tmp_path / "dev.csv", ("text", "answer"), dev)
    code, out, err = bertkit("index", "tune", faq, file)
    assert code == 0, err
    assert "3 questions; the threshold is kept" in out
    code, out, _ = bertkit("index", "ask", faq, "the cat is sleeping", "--faq", "-o", "-")
    assert json.loads(out)["answer"] is None
    code, out, _ = bertkit("index", "ask", faq, "good bye", "--faq", "-o", "-")
    assert json.loads(out)["answer"] == "see you"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("q",), "expected one of --reader and --faq"),
        (("q", "--reader", "a", "--faq"), "expected one of --reader and --faq"),
        ((" ", "--faq"), "is empty"),
        (("q", "--faq", "--answer", "colour"), "colour: the index has no such column"),
        (("q", "--faq", "--by", "words"), "--faq  takes the nearest question by its vector"),
        (("q", "--reader", "nowhere"), "nowhere"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], said: str, bertkit, faq: Path) -> None:
    code, _, err = bertkit("index", "ask", faq, *arguments)
    assert code == 2, err
    assert said in err


def test_a_model_that_reads_no_questions(bertkit, index: Path, tiny_run: Run) -> None:
    code, _, err = bertkit("index", "ask", index, "q", "--reader", tiny_run.path)
    assert code == 2
    assert "does not answer a question from a text" in err


def test_questions_to_tune_by(bertkit, faq: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "dev.csv", ("text", "reply"), [("good bye", "see you")])
    code, _, err = bertkit("index", "tune", faq, file)
    assert code == 2
    assert "no column answer" in err
    file = write_csv(tmp_path / "dev.csv", ("text", "answer"), [("good bye", "see you")])
    code, _, err = bertkit("index", "tune", faq, file)
    assert code == 2
    assert "all questions have an answer" in err
