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
from bertkit.data.dataset import load
from bertkit.data.read.arrow import named_classes
from bertkit.data.read.readers import ROWS
from bertkit.data.read.sources import Source
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from datasets import Dataset

ACCEPTED = "give a text, a list of rows, a DataFrame, a Dataset, or a dict with one list per column"
LISTS = ("words", "choices", "texts")
"""Kinds of columns that hold a list of texts."""
MISSING = ("NAType", "NaTType")
"""Types of pandas' values for what is missing, besides nan."""


def rows_of(data: Any, columns: Sequence[Column], *, class_names: bool = True) -> list[Any]:
    """The rows of any of these forms: texts, sequences of texts, or dicts.

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
            raise DataError.at(ROWS, "the DataFrame has two columns with one name", "rename one")
        return data.to_dict(orient="records")
    if hasattr(data, "to_dict") and any(
        column.name in getattr(data, "index", ()) for column in columns
    ):  # a row of a DataFrame
        data = data.to_dict()
    if isinstance(data, Mapping):
        return _of_mapping(data, columns)
    if isinstance(data, bytes | set | frozenset) or not isinstance(data, Iterable):
        raise DataError.at(ROWS, f"{type(data).__name__} is not accepted", ACCEPTED)
    return list(data)


def _of_mapping(data: Mapping[str, Any], columns: Sequence[Column]) -> list[dict[str, Any]]:
    """One row, or the rows of columns."""
    several = {column.name: _holds_several(column, data[column.name]) for column in columns if column.name in data}
    inputs = [column.name for column in columns if not column.answer and column.name in data]
    if not inputs:
        names = ", ".join(column.name for column in columns if not column.answer)
        raise DataError.at(ROWS, f"a dict with none of the columns {names}", ACCEPTED)
    if not any(several[name] for name in inputs):
        return [dict(data)]
    lists = {name: list(value) for name, value in data.items() if several.get(name, _is_list(value))}
    sizes = {name: len(values) for name, values in lists.items()}
    if len(set(sizes.values())) > 1 or set(inputs) > set(lists):
        found = ", ".join(f"{name} {sizes.get(name, 'not a list')}" for name in {*inputs, *lists})
        raise DataError.at(ROWS, f"columns of different lengths: {found}", "each column needs one value per row")
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _holds_several(column: Column, value: Any) -> bool:
    """Whether a value is a whole column, not the value of one row."""
    return _is_list(value) and (column.kind not in LISTS or any(map(_is_list, value)))


def _is_list(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def answered_rows(data: Any, columns: Sequence[Column], block: DataBlock) -> list[dict[str, Any]]:
    """Rows with answers, in any of these forms, as dicts of Python's own values, as a file would hold them.

    A row that is a tuple or list has a value for each column of the task, or for each that the task requires.

    Args:
        block: names the columns; the data may have these names, or the task's own.

    Raises:
        DataError: it has none of these forms, has no rows, or a row has another number of values.
    """
    renamed = [replace(c, name=name) for c in columns if isinstance(name := block.columns.get(c.name), str)]
    rows = rows_of(data, [*columns, *renamed], class_names=not block.label_ids)
    if not rows:
        raise DataError.at(ROWS, "there are none", ACCEPTED)
    return [plain(_named(number, row, columns, block)) for number, row in enumerate(rows, 1)]


def table_of(data: Any, columns: Sequence[Column], block: DataBlock) -> Dataset:
    """Rows with answers (see `answered_rows`), read as files are.

    Raises:
        DataError: it has none of these forms, or a row can not be used.
    """
    rows = answered_rows(data, columns, block)
    there = {
        name: of
        for name, of in block.columns.items()
        if all(paths.there(rows[0], one) for one in ([of] if isinstance(of, str) else of))
    }
    block = block.model_copy(update={"columns": there, "header": None, "max_characters": sys.maxsize})
    return load([Source(ROWS, "memory", rows=rows)], columns, block)


def _named(number: int, row: Any, columns: Sequence[Column], block: DataBlock) -> Mapping[str, Any]:
    """A row with answers by the names of its columns."""
    if hasattr(row, "_asdict"):  # as DataFrame.itertuples gives them
        return row._asdict()
    if not isinstance(row, Mapping | str | list | tuple) and hasattr(row, "tolist"):  # a Series, an array
        row = row.to_dict() if hasattr(row, "to_dict") else row.tolist()
    if isinstance(row, Mapping):
        return row
    values = [row] if isinstance(row, str) else row if isinstance(row, list | tuple) else []
    for some in (columns, [column for column in columns if column.required]):
        if values and len(values) == len(some):
            mapped = [block.columns.get(column.name) for column in some]
            names = [of if isinstance(of, str) else column.name for of, column in zip(mapped, some, strict=True)]
            return dict(zip(names, values, strict=True))
    known = ", ".join(column.name for column in columns)
    what = "has no answer" if isinstance(row, str) else f"is no row with answers: {row!r:.60}"
    raise DataError.at(f"row {number}", what, f"give a dict with the columns {known}")


def plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The row with Python's own values in place of arrays and numbers of numpy, and None where a value is missing."""
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    missing = (isinstance(value, float) and value != value) or type(value).__name__ in MISSING
    return None if missing else value
