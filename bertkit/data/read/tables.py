"""CSV and TSV, read strictly: each row keeps all its fields as written, or is an error with its line.

CSV follows RFC 4180, as Python's csv module reads it: a quoted field may hold commas, quotes and newlines. TSV has no
quoting: a `"` is an ordinary character. GLUE and most published TSV files are written so, and reading them as CSV
merges rows. The price: a TSV field can not hold a tab or a newline.
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
from bertkit.data.read.sources import Source, placeholders
from bertkit.errors import DataError, Problem, Setting
from bertkit.recipe.schema import DataBlock
from bertkit.warn import warn

log = logging.getLogger("bertkit")

FORMATS = {",": "csv", ";": "csv-semicolon", "\t": "tsv"}
"""Delimiter -> the format that reads it."""

MAX_FIELD = 2**28
"""Characters of a field, which may have several lines; `data.max_characters` is the limit that names the row."""

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
            blank.add("blank lines skipped", source.line(line))
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
    """The line where each row starts, and its fields or the problem with its quotes.

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
            # The csv module tells these apart by its message alone.
            what, detail, todo = "wrong quotes", str(error), 'write a quote inside a quoted text as ""'
            if "new-line" in detail:
                detail, todo = "a carriage return in a text without quotes", "put the text in quotes"
            elif "unexpected end" in detail:
                what, detail = "a quote opens here and is never closed", ""
                todo = 'close it, or write a quote in a text as ""'
            elif "field larger" in detail:
                what, detail = f"a text of more than {MAX_FIELD:,} characters", ""
                todo = "is a quote never closed?"
            problem = Problem(source.line(line), what, todo, detail)
            if reader.line_num != line:
                raise DataError(problem) from error
            yield line, problem
        else:
            yield line, fields


def _row(fields: list[str], names: list[str], place: str, number: int) -> Record | Problem:
    if len(fields) == len(names):
        return Record(place, number, dict(zip(names, fields, strict=True)))
    detail = f"{len(fields)}, expected {len(names)} ({', '.join(names)})"
    holds = "the delimiter" if len(fields) > len(names) else "a newline"
    return Problem(place, "wrong number of fields", f"quote a text that holds {holds}", detail)


def _header(names: list[str], place: str, delimiter: str) -> list[str]:
    """The column names of a header line.

    Raises:
        DataError: a name is empty or occurs twice, or the names are separated by another delimiter.
    """
    if len(names) == 1:
        for other, format in FORMATS.items():
            parts = names[0].split(other)
            if other != delimiter and len(parts) > 1 and all(map(_NAMES.fullmatch, parts)):
                what = f"one column, named {names[0]!r}: the delimiter looks to be {other!r}"
                raise DataError.at(place, what, setting=Setting("data.format", format))
    if (stripped := [name.strip() for name in names]) != names:
        warn(f"{place}: removed white space around column names: {', '.join(stripped)}")
    names = stripped
    if len(names) > 1 and not names[0] and (index := placeholders(1)[0]) not in names:  # as pandas writes its index
        log.info("%s: the first column has no name and is called %s", place, index)
        names[0] = index
    no_header, setting = "if this is no header line, name the columns", Setting("data.header", placeholders(len(names)))
    seen: set[str] = set()
    for position, name in enumerate(names, 1):
        if not name:
            what = f"column {position} of the header has no name"
            raise DataError.at(place, what, f"name it; {no_header}", setting=setting)
        if name in seen:
            what = f"the header names {name!r} twice"
            raise DataError.at(place, what, f"rename one; {no_header}", setting=setting)
        seen.add(name)
    return names


def _check_given_header(names: list[str], fields: list[str], place: str) -> None:
    """The first line must fit `data.header`, or all others are likely to be misread too."""
    if len(fields) != len(names):
        what = f"data.header names {len(names)} columns, this line has {len(fields)}"
        setting = Setting("data.header", placeholders(len(fields)))
        raise DataError.at(place, what, f"name {len(fields)} columns", setting=setting)
    if fields == names:
        raise DataError.at(place, "this line is a header, but data.header says there is none", "leave data.header out")
