"""JSON objects that hold a table, as pandas' `to_json` and `to_dict` and Hugging Face's `to_dict` write it.

    {"text": {"0": "a", "1": "b"}, "label": {"0": "x", "1": "y"}}       by column (pandas' default)
    {"text": ["a", "b"], "label": ["x", "y"]}                           lists of columns
    {"0": {"text": "a", "label": "x"}, "1": {...}}                      by row, orient="index"
    {"columns": ["text", "label"], "index": [0, 1], "data": [["a", "x"], ["b", "y"]]}       orient="split"

orient="table" and "records" are lists of objects, which read/json.py reads.
"""

from __future__ import annotations

from typing import Any

from bertkit.data.read.json_text import Repeated

SPLIT = {"columns", "index", "data", "index_names", "column_names"}
"""Keys of orient="split" and "tight"."""


def rows_of(value: dict[str, Any], *, lists: bool) -> list[Any] | None:
    """The rows of a table: objects, or a `Repeated` where an object has a key twice. None: the object is no table.

    Args:
        lists: whether a row may be a list (data.header names its columns): then lists of lists are no columns.
    """
    if isinstance(value, Repeated):
        return None
    if {"columns", "data"} <= value.keys() <= SPLIT:
        return _split(value["columns"], value["data"])
    cells = list(value.values())
    if cells and all(isinstance(column, list) for column in cells):
        return None if _may_be_splits(cells, lists) else _by_column(value)
    if not cells or not all(isinstance(column, dict) and column for column in cells):
        return None
    if any(isinstance(column, Repeated) for column in cells):
        return [next(column for column in cells if isinstance(column, Repeated))]
    keys = list(cells[0])
    if all(_is_number(key) for key in keys) and all(column.keys() == cells[0].keys() for column in cells):
        return [{name: column[key] for name, column in value.items()} for key in keys]
    return cells if all(map(_is_number, value)) else None


def _split(columns: Any, data: Any) -> list[Any] | None:
    """Rows of another length than the names stay lists, which is reported with their place."""
    if not isinstance(columns, list) or not isinstance(data, list) or len({*map(str, columns)}) < len(columns):
        return None
    names = [name if isinstance(name, str) else str(name) for name in columns]
    return [
        dict(zip(names, row, strict=True)) if isinstance(row, list) and len(row) == len(names) else row for row in data
    ]


def _may_be_splits(cells: list[Any], lists: bool) -> bool:
    """Whether lists hold rows (`{"train": [{...}], "dev": [{...}]}`), or are of different lengths, so no columns."""
    first = cells[0]
    if len(cells) < 2 or not first or len({*map(len, cells)}) > 1:
        return True
    every = [one for column in cells for one in column]
    return all(isinstance(one, dict) for one in every) or (lists and any(isinstance(one, list) for one in every))


def _by_column(value: dict[str, list[Any]]) -> list[Any]:
    return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]


def _is_number(key: str) -> bool:
    return key.isdecimal()
