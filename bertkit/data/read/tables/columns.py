"""Rows of fields -> rows with named columns: the header, files without one, and rows of another length."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from bertkit.data.read.lines import check_decoded
from bertkit.data.read.rows import Record, Tally
from bertkit.data.read.sources import Source, fitting, placeholders
from bertkit.errors import DataError, Problem, Setting
from bertkit.recipe.schema import DataBlock
from bertkit.warn import warn

log = logging.getLogger("bertkit")

FIRST = 100
"""Rows whose most frequent number of fields is that of the columns, if nothing names these."""

_DELIMITERS = (",", ";", "\t", "|||", "|")
_NAMES = re.compile(r"[\w .#()-]{1,40}")

Fields = tuple[str, list[str] | Problem]
"""The place of a row, and its fields (none: a blank line) or why it can not be read."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns, and how many columns without a name or a value come after them."""

    names: list[str]
    empty: int = 0


def named_rows(
    source: Source, block: DataBlock, rows: Iterable[Fields], delimiter: str, quoting: bool
) -> Iterator[Record | Problem]:
    """One Record per row: the first row is the header, unless `block.header` says that there is none.

    Args:
        delimiter: separates the fields; `quoting`: whether a field that holds it can stand in quotes. Both are for
            messages and for `extra_columns: join`.

    Raises:
        DataError: the header can not be used.
    """
    blank, extra = Tally(), Tally()
    columns, number = None, 0
    if block.header is False:
        columns, rows = _numbered(rows)
    elif block.header:
        columns = Columns(block.header)
    for place, fields in rows:
        if isinstance(fields, Problem):
            if columns is None:
                raise DataError(fields)
            number += 1
            yield fields
        elif _is_blank(fields, columns):
            blank.add("blank lines skipped", place)
        elif columns is None:
            check_decoded(delimiter.join(fields), source, place, block)
            columns = _header(fields, place, delimiter)
        else:
            number += 1
            if number == 1 and block.header:
                columns = _given(columns.names, fields, place, block)
            yield _row(fields, columns, place, number, _Surplus(block.extra_columns, delimiter, quoting, extra))
    blank.warn()
    extra.warn()


def _is_blank(fields: list[str], columns: Columns | None) -> bool:
    one = columns is not None and len(columns.names) == 1
    return not fields or (len(fields) == 1 and fields[0].isspace() and not one)


def _numbered(rows: Iterable[Fields]) -> tuple[Columns, Iterable[Fields]]:
    """Columns called by their numbers, as many as most of the first rows have fields."""
    rows = iter(rows)
    first = list(islice(rows, FIRST))
    widths = Counter(len(fields) for _, fields in first if isinstance(fields, list) and fields)
    width = widths.most_common(1)[0][0] if widths else 1
    return Columns([str(number) for number in range(1, width + 1)]), chain(first, rows)


@dataclass(frozen=True)
class _Surplus:
    """What happens to fields beyond the columns."""

    mode: str
    delimiter: str
    quoting: bool
    tally: Tally


def _row(fields: list[str], columns: Columns, place: str, number: int, surplus: _Surplus) -> Record | Problem:
    names = columns.names
    count = len(names)
    if len(fields) == count + columns.empty and not any(fields[count:]):
        fields = fields[:count]
    elif len(fields) > count and surplus.mode == "join":
        fields = [*fields[: count - 1], surplus.delimiter.join(fields[count - 1 :])]
        surplus.tally.add("rows with more fields than columns, joined to the last column", place)
    elif len(fields) > count and surplus.mode == "ignore":
        fields = fields[:count]
        surplus.tally.add("rows with more fields than columns, the last ones left out", place)
    elif len(fields) == count + columns.empty:
        detail = f"{next(filter(None, fields[count:])):.40}"
        todo, setting = "name it in the header; to leave it out", Setting("data.extra_columns", "ignore")
        return Problem(place, "a value in a column that has no name", todo, detail, setting)
    if len(fields) == count:
        return Record(place, number, dict(zip(names, fields, strict=True)))
    return _wrong_number(fields, names, place, surplus.quoting)


def _wrong_number(fields: list[str], names: list[str], place: str, quoting: bool) -> Problem:
    what, detail = "wrong number of fields", f"{len(fields)}, expected {len(names)} ({', '.join(names)})"
    if len(fields) < len(names):
        todo = "quote a text that holds a newline" if quoting else "does a text hold a newline?"
        return Problem(place, what, todo, detail)
    todo = "quote a text that holds the delimiter" if quoting else "does the last text hold the delimiter"
    todo += ", or set data.extra_columns=join" if quoting else "? then set data.extra_columns=join"
    todo += "; to leave out the last fields"
    return Problem(place, what, todo, detail, Setting("data.extra_columns", "ignore"))


def _header(names: list[str], place: str, delimiter: str) -> Columns:
    """The columns of a header line.

    Raises:
        DataError: a name is empty or occurs twice, or the names are separated by another delimiter.
    """
    if len(names) == 1:
        for other in _DELIMITERS:
            parts = [part.strip() for part in names[0].split(other)]
            if other != delimiter and len(parts) > 1 and all(map(_NAMES.fullmatch, parts)):
                what = f"one column, named {names[0]!r}: the delimiter looks to be {other!r}"
                raise DataError.at(place, what, setting=Setting("data.delimiter", other))
    if (stripped := [name.strip() for name in names]) != names:
        warn(f"{place}: removed white space around column names: {', '.join(stripped)}")
    width = len(names)
    names = _without_empty_end(stripped)
    if empty := width - len(names):
        log.info("%s: the last %d columns have no name; rows must have no value there", place, empty)
    if len(names) > 1 and not names[0] and (index := placeholders(1)[0]) not in names:  # as pandas writes its index
        log.info("%s: the first column has no name and is called %s", place, index)
        names[0] = index
    no_header = "if this is no header line, call the columns by their numbers"
    setting = Setting("data.header", False)
    seen: set[str] = set()
    for position, name in enumerate(names, 1):
        if not name:
            what = f"column {position} of the header has no name"
            raise DataError.at(place, what, f"name it; {no_header}", setting=setting)
        if name in seen:
            what = f"the header names {name!r} twice"
            raise DataError.at(place, what, f"rename one; {no_header}", setting=setting)
        seen.add(name)
    return Columns(names, empty)


def _without_empty_end(names: list[str]) -> list[str]:
    """The names without empty ones at the end, as spreadsheets write columns that were once used; all if all are."""
    count = max((position for position, name in enumerate(names, 1) if name), default=len(names))
    return names[:count]


def _given(names: list[str], fields: list[str], place: str, block: DataBlock) -> Columns:
    """The columns that `data.header` names. The first line must fit, or all others are likely to be misread too."""
    if fields == names:
        raise DataError.at(place, "this line is a header, but data.header says there is none", "leave data.header out")
    surplus = fields[len(names) :]
    if surplus and not any(surplus):
        log.info("%s: the last %d columns have no name; rows must have no value there", place, len(surplus))
        return Columns(names, len(surplus))
    if len(fields) < len(names) or (surplus and block.extra_columns == "error"):
        what = f"data.header names {len(names)} columns, this line has {len(fields)}"
        setting = Setting("data.header", fitting(names, len(fields)))
        raise DataError.at(place, what, f"name {len(fields)} columns", setting=setting)
    return Columns(names)
