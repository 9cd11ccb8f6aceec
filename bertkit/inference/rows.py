"""Rows in memory, in any form that Python users have them -> a list of dicts with the task's columns.

    "a text"                                    one row
    ["a text", ("a premise", "a hypothesis")]   any iterable of texts, pairs or dicts
    {"text": "..."}                             one row
    {"text": ["...", "..."]}                    columns
    DataFrame, Series, datasets.Dataset, Arrow table

No package of these is imported: each is known by its methods.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertkit.data.columns import paths
from bertkit.data.columns.column import Column
from bertkit.data.columns.values import check_characters
from bertkit.data.dataset import load
from bertkit.data.read.arrow import named_classes
from bertkit.data.read.rows import Unusable
from bertkit.data.read.sources import Source
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from datasets import Dataset

ACCEPTED = "give a text, a list of rows, a DataFrame, a Dataset, or a dict with one list per column"
LISTS = ("words", "choices")
"""Kinds of columns that hold a list of texts."""


def rows_of(data: Any, columns: Sequence[Column], *, class_names: bool = True) -> list[Any]:
    """The rows of any of these forms: texts, sequences of texts, or dicts. `as_row` makes dicts of them.

    Args:
        class_names: whether the class numbers of a Dataset become their names, as in files.

    Raises:
        DataError: it has none of these forms.
    """
    if isinstance(data, str):
        return [data]
    if hasattr(data, "column_names") and hasattr(data, "features"):  # datasets.Dataset, IterableDataset
        rows = data.with_format(None)
        return named_classes(rows, data.features.to_dict()) if class_names and data.features else list(rows)
    if hasattr(data, "to_pylist"):  # an Arrow table or array
        return data.to_pylist()
    if hasattr(data, "to_dicts"):  # polars
        return data.to_dicts()
    if hasattr(data, "to_dict") and hasattr(data, "columns"):  # pandas
        if not data.columns.is_unique:
            raise DataError.at("rows", "the DataFrame has two columns with one name", "rename one")
        return data.to_dict(orient="records")
    if hasattr(data, "to_dict") and any(
        column.name in getattr(data, "index", ()) for column in columns
    ):  # a row of a DataFrame
        data = data.to_dict()
    if isinstance(data, Mapping):
        return _of_mapping(data, columns)
    if isinstance(data, bytes | set | frozenset) or not isinstance(data, Iterable):
        raise DataError.at("rows", f"{type(data).__name__} is not accepted", ACCEPTED)
    return list(data)


def _of_mapping(data: Mapping[str, Any], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """One row, or the rows of columns."""
    several = {column.name: _holds_several(column, data[column.name]) for column in columns if column.name in data}
    inputs = [column.name for column in columns if not column.answer and column.name in data]
    if not inputs:
        names = ", ".join(column.name for column in columns if not column.answer)
        raise DataError.at("rows", f"a dict with none of the columns {names}", ACCEPTED)
    if not any(several[name] for name in inputs):
        return [dict(data)]
    lists = {name: list(value) for name, value in data.items() if several.get(name, _is_list(value))}
    sizes = {name: len(values) for name, values in lists.items()}
    if len(set(sizes.values())) > 1 or set(inputs) > set(lists):
        found = ", ".join(f"{name} {sizes.get(name, 'not a list')}" for name in {*inputs, *lists})
        raise DataError.at("rows", f"columns of different lengths: {found}", "each column needs one value per row")
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _holds_several(column: Column, value: Any) -> bool:
    """Whether a value is a whole column, not the value of one row."""
    return _is_list(value) and (column.kind not in LISTS or any(map(_is_list, value)))


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def table_of(data: Any, columns: Sequence[Column], block: DataBlock) -> Dataset:
    """Rows with answers, in any of these forms, as files are read.

    Args:
        block: names the columns; where the data does not have these, it has the task's own names.

    Raises:
        DataError: it has none of these forms, or a row can not be used.
    """
    renamed = [replace(c, name=name) for c in columns if isinstance(name := block.columns.get(c.name), str)]
    rows = rows_of(data, [*columns, *renamed], class_names=not block.label_ids)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            names = ", ".join(column.name for column in columns)
            raise DataError.at(f"row {number}", "has no answer", f"give a dict with the columns {names}")
    first = rows[0] if rows else {}
    there = {
        name: of
        for name, of in block.columns.items()
        if all(paths.there(first, one) for one in ([of] if isinstance(of, str) else of))
    }
    block = block.model_copy(update={"columns": there, "header": None, "max_characters": sys.maxsize})
    return load([Source("rows", "memory", rows=[plain(row) for row in rows])], columns, block)


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with arrays and numbers of numpy as Python's own."""
    return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in row.items()}


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
