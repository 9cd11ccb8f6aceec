"""`data.columns` must fit the task: known columns, one place each, lists only where a column takes several."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.data.columns.column import Column
from bertkit.data.columns.mapping import check_mapping, names_of
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

COLUMNS = (Column("text", "text"), Column("labels", "labels", answer=True), Column("score", "number", answer=True))


def refusal(columns: dict[str, Any], **more: Any) -> str:
    with pytest.raises(DataError) as error:
        check_mapping(COLUMNS, DataBlock(columns=columns, **more))
    return str(error.value)


def test_what_fits() -> None:
    check_mapping(COLUMNS, DataBlock(columns={"text": "body", "labels": ["a", "b"], "id": "body"}))
    assert names_of("a") == ["a"]
    assert names_of(["a", "b"]) == ["a", "b"]


def test_what_does_not() -> None:
    assert refusal({"txt": "a"}) == "data.columns.txt  the task has no such column; did you mean text?"
    assert "is one column, not a list of them; name one: --set data.columns.text=a" in refusal({"text": ["a", "b"]})
    assert "a is already the column of text" in refusal({"text": "a", "score": "a"})
    assert "the task has no column body of texts" in refusal({}, allow_empty=["body"])
