"""Columns as tasks declare them: every kind has a value conversion and an Arrow type."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from bertkit.data.columns.column import Column, Kind
from bertkit.data.dataset import load
from bertkit.recipe.schema import DataBlock

VALUES = {
    "text": ("a", "a"),
    "label": ("a", "a"),
    "labels": (["a"], ["a"]),
    "number": (1.5, 1.5),
    "words": (["a", "b"], ["a", "b"]),
    "tags": (["O", "B-X"], ["O", "B-X"]),
    "spans": ([[2, 3, "X"]], [{"start": 2, "end": 3, "label": "X"}]),
    "answers": ([{"text": "b", "answer_start": 2}], [{"text": "b", "start": 2}]),
    "choices": (["a", "b"], ["a", "b"]),
    "choice": ("b", 1),
    "texts": (["a"], ["a"]),
}
"""Kind -> a value as a file holds it, and as the rows do."""

BEFORE = {
    "tags": Column("before", "words"),
    "spans": Column("before", "text"),
    "answers": Column("before", "text"),
    "choice": Column("before", "choices"),
}
"""Kind -> the column that it goes with."""


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_can_be_read(kind: Kind, tmp_path) -> None:
    file = tmp_path / "a.jsonl"
    before = ["a", "b"] if kind in ("tags", "choice") else "a b"
    file.write_text(json.dumps({"before": before, "x": VALUES[kind][0]}))
    columns = [*([BEFORE[kind]] if kind in BEFORE else []), Column("x", kind)]
    assert load([str(file)], columns, DataBlock())["x"][0] == VALUES[kind][1]
