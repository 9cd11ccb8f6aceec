"""Rows with the task's columns, one by one; what `load` makes of whole files: test_dataset.py."""

from __future__ import annotations

import pytest

from bertkit.data.canonical import Canonical
from bertkit.data.columns.column import Column
from bertkit.data.columns.values import Values
from bertkit.data.read.rows import Record, Tally, Unusable
from bertkit.data.read.sources import Source
from bertkit.recipe.schema import DataBlock

COLUMNS = (Column("text", "text"), Column("text_pair", "text", required=False), Column("label", "label", answer=True))


def canonical(block: DataBlock, first: Record, *, answers: bool = True) -> Canonical:
    rows = Canonical(COLUMNS, block, Values(block, Tally(), keep_empty=not answers), answers=answers)
    rows.open(Source("a.csv", "csv"), first, iter(()))
    return rows


def test_the_first_row_that_is_used_decides_which_columns_all_have() -> None:
    bad = Record("a.csv:2", 1, {"text": 7, "text_pair": "x", "label": "a", "id": 1})
    rows = canonical(DataBlock(), bad)
    with pytest.raises(Unusable, match="text is not a text"):
        rows.take(bad)
    assert rows.take(Record("a.csv:3", 2, {"text": "b", "label": "a", "id": 5})) == {
        "text": "b",
        "label": "a",
        "row": 2,
        "place": "a.csv:3",
        "id": "5",
        "lines": None,
    }
    with pytest.raises(Unusable, match="text_pair is there, but not in the first row"):
        rows.take(Record("a.csv:4", 3, {"text": "b", "text_pair": "x", "label": "a"}))


def test_rows_without_answers_and_rows_that_are_dropped() -> None:
    first = Record("a.csv:2", 1, {"said": "", "label": "none"})
    renamed = DataBlock(columns={"text": "said"}, drop_labels=["none"])
    assert canonical(renamed, first).take(first) is None
    row = canonical(renamed, first, answers=False).take(first)
    assert row is not None
    assert (row["text"], "label" in row) == ("", False)
