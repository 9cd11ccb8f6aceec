"""The rows of a data file as they are now: what each answer looks like in a file of corrections."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit.data.read.sources import Source
from bertkit.errors import DataError
from bertkit.recipe.load import load
from bertkit.tasks.task import make_task
from bertkit.understand.errors.corrections.rows import ReadRows
from tests.helpers import write_csv, write_rows


def read(file: Path, task: str, labels: list[str] | None = None, **options: Any) -> ReadRows:
    recipe = load({"task": task, "options": options})
    return ReadRows(make_task(recipe), recipe, Source(file.name, file.suffix[1:], file), labels or [])


@pytest.mark.parametrize(
    ("task", "row", "given"),
    [
        ("classify", {"text": "x", "label": "a"}, "a"),
        ("regress", {"text": "x", "score": 0.1234567891}, "0.1234567891"),
        ("choice", {"text": "x", "choices": ["a", "b"], "label": 1}, "1"),
        ("squad", {"question": "q", "context": "a b", "answers": [{"text": "b", "start": 2}]}, "b"),
        ("squad", {"question": "q", "context": "a b", "answers": []}, "[]"),
        ("ner", {"tokens": ["a", "b"], "tags": ["B-X", "E-X"]}, "B-X I-X"),
        ("ner", {"text": "Anna Bell", "spans": [[0, 9, "PER"]]}, "B-PER I-PER"),
    ],
)
def test_given_answers(tmp_path: Path, task: str, row: dict[str, Any], given: str) -> None:
    rows = read(write_rows([row], tmp_path / "a.jsonl"), task)
    assert rows.given(0, None) == given
    assert rows.by_suffix == {":1": 0}
    if task == "ner":
        assert rows.given(0, (1, 2)) == given.split()[1]


def test_labels_are_those_of_the_file_and_those_that_are_known(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", ["text", "label"], [["x", "b,c"], ["y", ""]])
    rows = read(file, "classify", ["a", "b"], multi_label=True)
    assert rows.labels == ["a", "b", "c"]
    assert json.loads(rows.given(0, None)) == ["b", "c"]


def test_rows_without_answers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no answers to correct"):
        read(write_rows([{"question": "q", "context": "c"}], tmp_path / "a.jsonl"), "squad")
