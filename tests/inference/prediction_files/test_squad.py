"""`bertkit eval --task squad`: predictions in files, scored as the official scripts do, and the mistakes one makes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

CONTEXT = "Ann fixed the gate on Sunday."


def write(file: Path, value: Any) -> Path:
    file.write_text(json.dumps(value), "utf-8")
    return file


def gold(folder: Path, *, second: bool) -> Path:
    questions: list[dict[str, Any]] = [
        {"id": "a", "question": "Who?", "answers": [{"text": "Ann", "answer_start": 0}]},
        {"id": "b", "question": "When?", "answers": [{"text": "on Sunday", "answer_start": 19}]},
    ]
    if second:
        questions = [{**question, "is_impossible": False} for question in questions]
        questions.append({"id": "c", "question": "Why?", "answers": [], "is_impossible": True})
    value = {"data": [{"title": "t", "paragraphs": [{"context": CONTEXT, "qas": questions}]}]}
    return write(folder / f"gold{1 + second}.json", value)


@pytest.fixture
def score(bertkit, tmp_path: Path):
    """Figures and messages of these predictions; `data` is of SQuAD 2.0 or 1.1."""

    def run(predictions: Any, *more: object, second: bool = True) -> tuple[int, Any, str]:
        file = write(tmp_path / "predictions.json", predictions)
        out = tmp_path / "scores.json"
        data = gold(tmp_path, second=second)
        code, _, err = bertkit("eval", "--task", "squad", "--predictions", file, "--data", data, "-o", out, *more)
        return code, json.loads(out.read_text()) if code == 0 else None, err

    return run


def test_second_version(score, tmp_path: Path) -> None:
    code, figures, err = score({"a": "ann", "b": "Sunday morning", "c": "gate"})
    assert code == 0, err
    assert list(figures) == [
        *("exact", "f1", "total", "HasAns_exact", "HasAns_f1", "HasAns_total"),
        *("NoAns_exact", "NoAns_f1", "NoAns_total"),
    ]
    assert figures["exact"] == pytest.approx(100 / 3)
    assert figures["total"] == 3
    odds = write(tmp_path / "odds.json", {"a": 0.1, "b": 0.6, "c": 0.9})
    options = ("--no-answer-probabilities", odds, "--threshold", "0.5")
    _, figures, _ = score({"a": "ann", "b": "on Sunday", "c": "gate"}, *options)
    assert figures["exact"] == pytest.approx(200 / 3)
    assert (figures["best_exact"], figures["best_exact_thresh"]) == (100.0, 0.6)


def test_first_version_scores_missing_ones_0(score) -> None:
    code, figures, err = score({"a": "Ann"}, second=False)
    assert code == 0
    assert figures == {"exact_match": 50.0, "f1": 50.0}
    assert "1 of 2 questions have no prediction" in err


def test_an_empty_text_is_no_answer_and_texts_need_no_start(bertkit, tmp_path: Path) -> None:
    none = {"id": "b", "question": "Why?", "answers": [{"text": "", "answer_start": -1}], "is_impossible": True}
    golds = {"text": ["Ann", "Ann Bell"], "answer_start": [None, 77]}
    qas = [{"id": "a", "question": "Who?", "answers": golds}, none]
    data = write(tmp_path / "gold.json", {"data": [{"paragraphs": [{"context": CONTEXT, "qas": qas}]}]})
    predictions, out = write(tmp_path / "predictions.json", {"a": "Ann Bell", "b": ""}), tmp_path / "scores.json"
    code, _, err = bertkit("eval", "--task", "squad", "--predictions", predictions, "--data", data, "-o", out)
    assert code == 0, err
    figures = json.loads(out.read_text())
    assert (figures["exact"], figures["HasAns_total"], figures["NoAns_total"]) == (100.0, 1, 1)


def test_chinese(score) -> None:
    _, figures, _ = score({"a": "Ann", "b": "on Sunday"}, "--set", "metrics=cmrc2018", second=False)
    assert (figures["F1"], figures["EM"], figures["SKIP"]) == (100.0, 100.0, 0)


def test_missing_ids(score) -> None:
    code, _, err = score({"a": "Ann", "c": ""})
    assert code == 2
    assert "1 are missing: 'b'" in err
    code, figures, _ = score({"a": "Ann", "c": ""}, "--allow-missing")
    assert (code, figures["exact"]) == (0, pytest.approx(200 / 3))


ALL = {"a": "Ann", "b": "", "c": ""}


@pytest.mark.parametrize(
    ("predictions", "more", "second", "message"),
    [
        ({**ALL, "x": ""}, [], True, "1 are not among the golds: 'x'"),
        (["Ann"], [], True, "not a JSON object but a list"),
        ({"a": [{"text": "Ann"}]}, [], True, "contains lists, as nbest.json"),
        ({"a": 1.5}, [], True, "contains numbers, as null_odds.json"),
        ({"data": []}, [], True, "is a data set"),
        ({"a": "Ann"}, ["--threshold", "0.5"], False, "squad has no questions without an answer"),
        (ALL, ["--threshold", "0.5"], True, "--threshold  needs probabilities; use --no-answer-probabilities"),
        (ALL, ["--threshold", "nan", "--no-answer-probabilities", "odds.json"], True, "--threshold  nan: not a number"),
        (ALL, ["--set", "metrics=squad"], True, "the gold file is SQuAD 2.0, with"),
        ({"a": "Ann"}, ["--set", "metrics=squad_v2"], False, "the gold file is SQuAD 1.1, where"),
        (ALL, ["--set", "metrics=accuracy"], True, "accuracy: not an official script of SQuAD"),
        (
            ALL,
            ["--split", "test"],
            True,
            "--split  predictions by question id are scored on files, not on a split; use --data",
        ),
        (ALL, ["--no-answer-probabilities", "nowhere.json"], True, "nowhere.json: No such file"),
    ],
)
def test_mistakes(score, predictions: Any, more: list[str], second: bool, message: str) -> None:
    code, _, err = score(predictions, *more, second=second)
    assert code == 2
    assert message in err


def test_what_does_not_go_together(bertkit, tmp_path: Path) -> None:
    for arguments, message in (
        ([], "nothing to score; name a Run, a checkpoint or a file of predictions"),
        (["--task", "squad"], "--predictions needed to score predictions by question id"),
        (["--task", "squad", "--predictions", "p.json"], "--data needed to score predictions by question id"),
        ([tmp_path, "--task", "squad"], "--task a Run already has its task"),
        ([tmp_path, "--allow-missing"], "--allow-missing only for SQuAD predictions by question id"),
        (["--task", "regress", "--predictions", "p.json", "--data", "d.json"], "regress: has no official script"),
    ):
        code, _, err = bertkit("eval", *arguments)
        assert code == 2
        assert message in err.replace("  ", " ")


def test_a_gold_file_that_is_none(bertkit, tmp_path: Path) -> None:
    rows = write(tmp_path / "rows.json", [{"id": "a"}])
    hidden = write(tmp_path / "h.json", {"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "a"}]}]}]})
    predictions = write(tmp_path / "p.json", {"a": ""})
    for file, message in ((rows, "not SQuAD's layout"), (hidden, "no list of answers: found nothing")):
        code, _, err = bertkit("eval", "--task", "squad", "--predictions", predictions, "--data", file)
        assert code == 2
        assert message in err


def test_a_question_without_an_id(bertkit, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"question": "who?", "context": "Ann", "answers": [{"text": "Ann", "start": 0}]}) + "\n")
    predictions = write(tmp_path / "p.json", {"a": ""})
    arguments = ["eval", "--task", "squad", "--predictions", predictions, "--data", rows, "-s", "data.format=jsonl"]
    code, _, err = bertkit(*arguments)
    assert code == 2, err
    assert "rows.jsonl:1  no id" in err


SHARED = os.environ.get("BERTKIT_SHARED_DATA")


@pytest.mark.skipif(not SHARED, reason="BERTKIT_SHARED_DATA names no folder of data sets")
@pytest.mark.parametrize(
    ("folder", "data", "expected", "odds"),
    [
        ("parity_squad1", "qa_squadshifts/new_wiki_v1.0.json", "expected", False),
        ("parity_squad2", "qa_squad2_part/dev.json", "expected_without_threshold", False),
        ("parity_squad2", "qa_squad2_part/dev.json", "expected_with_threshold", True),
    ],
)
def test_what_the_official_scripts_print(
    folder: str, data: str, expected: str, odds: bool, bertkit, tmp_path: Path
) -> None:
    there = Path(SHARED or "") / folder
    more = ["--no-answer-probabilities", there / "no_answer_probabilities.json", "--threshold", 0.5] if odds else []
    options = ("--predictions", there / "predictions.json", "--data", there.parent / data, *more)
    code, _, err = bertkit("eval", "--task", "squad", *options, "-o", tmp_path / "scores.json")
    assert code == 0, err
    assert json.loads((tmp_path / "scores.json").read_text()) == json.loads((there / f"{expected}.json").read_text())
