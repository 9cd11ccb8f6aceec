"""Rows with right answers, and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import DataError, RecipeError
from bertkit.recipe.load import load
from bertkit.tasks.task import make_task
from bertkit.understand.robustness.reading import has_answers, read, training_rows
from tests.helpers import make, write_csv, write_rows


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    rows = {
        "labelled.jsonl": [{"text": f"text {n}", "label": "ab"[n % 2]} for n in range(6)],
        "plain.jsonl": [{"text": "one"}, {"text": "two"}],
        "spans.jsonl": [{"text": "Anna", "spans": [[0, 4, "PER"]]}],
        "tags.jsonl": [{"tokens": ["Anna"], "tags": ["B-PER"]}],
        "questions.jsonl": [{"question": "who?", "context": "Anna"}],
        "bad.jsonl": [{"text": "one", "label": None}],
    }
    return {name: str(write_rows(own, tmp_path / name)) for name, own in rows.items()}


@pytest.mark.parametrize(
    ("task", "file", "there"),
    [
        ("classify", "labelled", True),
        ("classify", "plain", False),
        ("classify", "bad", True),
        ("ner", "spans", True),
        ("ner", "tags", True),
        ("ner", "plain", False),
        ("squad", "questions", False),
    ],
)
def test_whether_a_file_has_answers(files: dict[str, str], task: str, file: str, there: bool) -> None:
    assert has_answers(make(task, {}), load({"task": task}).data, [files[f"{file}.jsonl"]]) is there


def test_rows_are_drawn(files: dict[str, str]) -> None:
    recipe = load({"task": "classify", "data": {"test": files["labelled.jsonl"]}})
    task = make_task(recipe, {"labels": ["a", "b"]})
    name, rows, right, count = read(task, recipe, (), None, 3, 0)
    assert (name, len(rows), right, count) == ("test", 3, True, 6)
    again, other = (read(task, recipe, (), None, 3, seed).rows for seed in (0, 1))
    assert rows == again != other
    assert read(task, recipe, (), None, None, 0).rows[5]["text"] == "text 5"


def test_rows_without_answers(files: dict[str, str]) -> None:
    recipe = load({"task": "classify"})
    task = make_task(recipe, {"labels": ["a", "b"]})
    name, rows, right, _ = read(task, recipe, [files["plain.jsonl"]], None, None, 0)
    assert (name, right) == (files["plain.jsonl"], False)
    assert [row["text"] for row in rows] == ["one", "two"]


def test_what_is_wrong_with_labels_is_said(files: dict[str, str], tmp_path: Path) -> None:
    recipe = load({"task": "classify"})
    task = make_task(recipe, {"labels": ["x", "y"]})
    with pytest.raises(DataError, match="the label 'a' is not"):
        read(task, recipe, [files["labelled.jsonl"]], None, None, 0)
    with pytest.raises(DataError, match="label is missing"):
        read(task, recipe, [files["bad.jsonl"]], None, None, 0)
    with pytest.raises(DataError, match="no such file"):
        read(task, recipe, [str(tmp_path / "none.csv")], None, None, 0)
    with pytest.raises(RecipeError, match="the data is named already"):
        read(task, recipe, [files["plain.jsonl"]], "test", None, 0)
    empty = write_csv(tmp_path / "empty.csv", ["text", "label"], [])
    with pytest.raises(DataError):
        read(task, recipe, [str(empty)], None, None, 0)


def test_training_rows_that_are_gone(files: dict[str, str]) -> None:
    there = load(
        {"task": "classify", "data": {"train": files["labelled.jsonl"], "validation": files["labelled.jsonl"]}}
    )
    rows = training_rows(make_task(there), there)
    assert rows is not None
    assert len(rows) == 6
    gone = load({"task": "classify", "data": {"train": "/nowhere/train.csv"}})
    assert training_rows(make_task(gone), gone) is None
