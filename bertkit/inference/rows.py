"""Rows to predict, in memory (data/memory.py), as dicts with the task's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bertkit.data.columns.characters import check_characters
from bertkit.data.columns.column import Column
from bertkit.data.memory import LISTS, plain
from bertkit.data.read.rows import Unusable
from bertkit.errors import DataError


def as_row(number: int, row: Any, columns: Sequence[Column]) -> dict[str, Any]:
    """A row as a dict with the task's columns.

    Args:
        number: from 1.

    Raises:
        DataError: it is no row, or lacks a column.
    """
    place = f"row {number}"
    if not isinstance(row, Mapping | str) and hasattr(row, "tolist"):  # an array, or a row of a DataFrame
        row = row.to_dict() if hasattr(row, "to_dict") else row.tolist()
    names = [column.name for column in columns if not column.answer]
    if isinstance(row, Mapping):
        missing = [c.name for c in columns if c.required and not c.answer and c.name not in row]
        if missing:
            raise DataError.at(place, f"no {', '.join(missing)}", f"expected columns: {', '.join(names)}")
        return _checked(plain(row), columns, place)
    values = [row] if isinstance(row, str) else list(row) if isinstance(row, list | tuple) else []
    if any(column.kind == "words" for column in columns):  # a plain text is not a list of words
        names = [column.name for column in columns if column.kind == "text"]
    least = sum(column.required and not column.answer for column in columns)
    if not least <= len(values) <= len(names) or not all(isinstance(value, str) for value in values):
        what = f"not a row of this task: {str(row)[:60]!r}"
        raise DataError.at(place, what, f"give a dict, or one text each for {', '.join(names)}")
    return _checked(dict(zip(names, values, strict=False)), columns, place)


def _checked(row: dict[str, Any], columns: Sequence[Column], place: str) -> dict[str, Any]:
    for column in columns:
        if column.name in row and not column.answer:
            _check(column, row[column.name], place)
    return row


def _check(column: Column, value: Any, place: str) -> None:
    if column.kind == "text" and not isinstance(value, str):
        raise DataError.at(place, f"{column.name} is not a text: {value!r:.60}", "convert it with str(...)")
    texts = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    if column.kind in LISTS and not texts:  # a text would be read as a list of its characters
        raise DataError.at(place, f"{column.name} is not a list of texts: {value!r:.60}", 'give ["a", "b"]')
    try:
        for text in [value] if isinstance(value, str) else value if texts else ():
            check_characters(text)
    except Unusable as error:
        raise DataError(error.about(column.name).at(place)) from None
