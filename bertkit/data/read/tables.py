"""CSV and TSV, strictly: every line becomes a row with all its fields as they are written, or an error with its line.

CSV is RFC 4180 as Python's csv module reads it: a quoted field may hold commas, quotes and newlines. TSV has no quoting
at all, so that a `"` is a character like any other: that is how GLUE and most published TSV files are written, and
reading them as CSV merges rows. The price: a TSV field can hold no TAB and no newline.
"""

from __future__ import annotations

import csv
import functools
import logging
import re
from collections.abc import Iterator
from typing import Any

from bertkit.data.read.lines import lines
from bertkit.data.read.rows import Record, Tally
from bertkit.data.read.sources import Source, placeholders, setting
from bertkit.errors import DataError, Problem
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

FORMATS = {",": "csv", ";": "csv-semicolon", "\t": "tsv"}
"""Delimiter -> the format that reads it."""

MAX_FIELD = 2**31 - 1
"""Characters. The reader sets no limit of its own: `data.max_characters` does, and names the row."""

_NAMES = re.compile(r"[\w .#()-]{1,40}")


def _read(source: Source, block: DataBlock, *, delimiter: str, quoting: Any) -> Iterator[Record | Problem]:
    csv.field_size_limit(MAX_FIELD)
    blank = Tally()
    names, number = block.header, 0
    for line, fields in _rows(
        source, csv.reader(lines(source, block), delimiter=delimiter, quoting=quoting, strict=True)
    ):
        if isinstance(fields, Problem):
            if not names:
                raise DataError(fields)
            number += 1
            yield fields
        elif not fields or (len(fields) == 1 and fields[0].isspace() and len(names or "  ") > 1):
            blank.add("blank lines passed over", source.line(line))
        elif not names:
            names = _header(fields, source.line(line), delimiter)
        else:
            number += 1
            if number == 1 and block.header:
                _check_given_header(names, fields, source.line(line))
            yield _row(fields, names, source.line(line), number)
    blank.warn()


read_csv = functools.partial(_read, delimiter=",", quoting=csv.QUOTE_MINIMAL)
read_csv_semicolon = functools.partial(_read, delimiter=";", quoting=csv.QUOTE_MINIMAL)
read_tsv = functools.partial(_read, delimiter="\t", quoting=csv.QUOTE_NONE)


def _rows(source: Source, reader: Any) -> Iterator[tuple[int, list[str] | Problem]]:
    """The line where each row starts, and its fields or what is wrong with its quotes.

    Raises:
        DataError: a quote is never closed, or a row of several lines is wrong: where the next one starts is unknown.
    """
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "new-line" in str(error):
                what, todo = "wrong quotes: a carriage return in a text without quotes", "put the text in quotes"
            elif "unexpected end" in str(error):
                what, todo = "a quote opens here and is never closed", 'close it, or write a quote in a text as ""'
            else:
                what, todo = f"wrong quotes: {error}", 'write a quote inside a quoted text as ""'
            problem = Problem(source.line(line), what, f"{todo}; a file that quotes nothing: --set data.format=tsv")
            if reader.line_num != line:
                raise DataError(problem) from error
            yield line, problem
        else:
            yield line, fields


def _row(fields: list[str], names: list[str], place: str, number: int) -> Record | Problem:
    if len(fields) == len(names):
        return Record(place, number, dict(zip(names, fields, strict=True)))
    what = f"wrong number of fields: {len(fields)}, expected {len(names)} ({', '.join(names)})"
    more = "quote a text that holds the delimiter"
    return Problem(place, what, more if len(fields) > len(names) else "quote a text that holds a newline")


def _header(names: list[str], place: str, delimiter: str) -> list[str]:
    """The column names of a header line.

    Raises:
        DataError: a name is empty or stands twice, or another delimiter parts them.
    """
    if len(names) == 1:
        for other, format in FORMATS.items():
            parts = names[0].split(other)
            if other != delimiter and len(parts) > 1 and all(map(_NAMES.fullmatch, parts)):
                what = f"one column, named {names[0]!r}: the delimiter looks to be {other!r}"
                raise DataError.at(place, what, setting("data.format", format))
    if (stripped := [name.strip() for name in names]) != names:
        log.warning("%s: white space around column names, removed: %s", place, ", ".join(stripped))
    names = stripped
    if len(names) > 1 and not names[0] and (index := placeholders(1)[0]) not in names:  # as pandas writes its index
        log.info("%s: the first column has no name, and is called %s here", place, index)
        names[0] = index
    given = "without a header line, name the columns: --set data.header=[...]"
    for position, name in enumerate(names, 1):
        if not name:
            raise DataError.at(place, f"column {position} of the header has no name", f"name it; {given}")
        if name in names[: position - 1]:
            raise DataError.at(place, f"the header names {name!r} twice", f"rename one; {given}")
    return names


def _check_given_header(names: list[str], fields: list[str], place: str) -> None:
    """The first line must fit `data.header`, or all others are likely to be misread too."""
    if len(fields) != len(names):
        what = f"data.header names {len(names)} columns, this line has {len(fields)}"
        raise DataError.at(
            place, what, f"name {len(fields)} columns: {setting('data.header', placeholders(len(fields)))}"
        )
    if fields == names:
        raise DataError.at(place, "this line is a header, but data.header says there is none", "leave data.header out")
