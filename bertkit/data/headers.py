"""Files that lack a column of the task because they are read in another way than they are written.

A table without a header line, columns that are meant by their numbers, a table that is read as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bertkit.data import hints
from bertkit.data.columns.column import Column
from bertkit.data.read.readers import TABLES
from bertkit.data.read.rows import Record
from bertkit.data.read.sources import Source
from bertkit.errors import Problem, Setting
from bertkit.recipe.schema import DataBlock

_DELIMITERS = ("\t", " ||| ", "|||")


def misread(source: Source, first: Record, missing: Mapping[str, str], block: DataBlock) -> Problem | None:
    """The problem of a table that was read as plain text, or of columns that are named by their numbers.

    Args:
        first: the first row.
        missing: columns of the task -> those of the source that were looked for.
    """
    text = first.values.get("text")
    if source.format == "text" and block.format is None and isinstance(text, str):
        for delimiter in _DELIMITERS:
            if delimiter in text:
                what = f"plain text, with no column for {' and '.join(missing)}"
                todo = f"if {delimiter!r} separates its columns"
                return Problem(source.line(1), what, todo, setting=Setting("data.delimiter", delimiter))
    numbers = [name for name in missing.values() if name.isdecimal()]
    if numbers and source.format in TABLES and block.header is None:
        what, setting = f"the header names no column {numbers[0]!r}", Setting("data.header", False)
        return Problem(source.line(1), what, "if there is no header, and columns are meant by number", setting=setting)
    return None


def is_missing(source: Source, has: Sequence[str], block: DataBlock) -> bool:
    """Whether a name of the columns is surely none, but a text or a number: the file has no header line."""
    return _matches(source, has, block, hints.SENTENCE)


def may_be_missing(source: Source, has: Sequence[str], block: DataBlock) -> bool:
    """Whether a name of the columns has several words, as few names have."""
    return _matches(source, has, block, hints.WORDS)


def _matches(source: Source, has: Sequence[str], block: DataBlock, pattern: re.Pattern[str]) -> bool:
    return source.format in TABLES and block.header is None and any(map(pattern.fullmatch, has))


def name_columns(
    source: Source, cells: Sequence[str], columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]
) -> Problem:
    """The problem of a file without a header; it proposes names.

    Args:
        cells: the first line, and `rows`: the rows after it, with its cells for names.
    """
    required = [column for column in columns if column.required]
    what = f"does not look like a header, and names no {columns[0].name}"
    todo, setting = "if it is a row, name the columns", Setting("data.header", hints.header(required, cells, rows))
    return Problem(source.line(1), what, todo, f"{', '.join(cells):.80}", setting)
