"""Files that lack a column of the task because they are read in another way than they are written.

A table without a header line, columns that are meant by their numbers, a table that is read as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bertkit.data.columns.column import Column
from bertkit.data.read.readers import TABLES
from bertkit.data.read.rows import Record
from bertkit.data.read.sources import Source, placeholders
from bertkit.errors import Problem, Setting
from bertkit.recipe.schema import DataBlock

_WORDS = re.compile(r"\S+( \S+){2,}")  # may be a name, and may be a text
_SENTENCE = re.compile(r"\S+( \S+){4,}|.{41,}|-?\d+(\.\d+)?|.*[.!?]", re.DOTALL)
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
    return _matches(source, has, block, _SENTENCE)


def may_be_missing(source: Source, has: Sequence[str], block: DataBlock) -> bool:
    """Whether a name of the columns has several words, as few names have."""
    return _matches(source, has, block, _WORDS)


def _matches(source: Source, has: Sequence[str], block: DataBlock, pattern: re.Pattern[str]) -> bool:
    return source.format in TABLES and block.header is None and any(map(pattern.fullmatch, has))


def name_columns(source: Source, cells: Sequence[str], columns: Sequence[Column]) -> Problem:
    """The problem of a file without a header; it proposes names: the longest cells of the first row are the texts."""
    texts = [column.name for column in columns if column.required and not column.answer]
    answers = [column.name for column in columns if column.required and column.answer]
    longest = sorted(range(len(cells)), key=lambda position: -len(cells[position]))[: len(texts)]
    others = [position for position in range(len(cells)) if position not in longest]
    names = list(placeholders(len(cells)))
    for name, position in zip(texts, sorted(longest), strict=False):
        names[position] = name
    for name, position in zip(answers, others, strict=False):
        names[position] = name
    what = f"does not look like a header, and names no {columns[0].name}"
    todo, setting = "if it is a row, name the columns", Setting("data.header", tuple(names))
    return Problem(source.line(1), what, todo, f"{', '.join(cells):.80}", setting)
