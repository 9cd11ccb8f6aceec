"""Rows of a source -> rows with the task's canonical columns, one by one.

A column is matched by its name, by `data.columns`, or by a name that published files use for it.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from typing import Any

from bertkit.data import headers, hints
from bertkit.data.columns import paths
from bertkit.data.columns.column import Column
from bertkit.data.columns.mapping import names_of
from bertkit.data.columns.units import PARALLEL, in_characters
from bertkit.data.columns.values import Values
from bertkit.data.read.rows import Record, Unusable
from bertkit.data.read.sources import Source
from bertkit.errors import DataError, Setting, name_some
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

IDS = ("id", "idx")
"""Columns used as the rows' ids if data.columns names none."""

ALSO = {"tags": ("ner_tags",), "spans": ("entities", "label")}
"""Kind of a column -> its names in published files, used if data.columns names none."""

MAY_BE_EMPTY = "to leave such rows out set data.bad_rows=skip; if it may be empty"


class Canonical:
    """Matches the columns of sources with the task's, and converts their rows one by one.

    Args:
        columns: the task's. An optional column is expected of all rows if the first one has it.
        answers: whether the rows hold answers. If not, answer columns are not read, and empty texts are accepted.
        keeps_all: whether the caller uses the other columns.
    """

    def __init__(
        self, columns: Sequence[Column], block: DataBlock, values: Values, *, answers: bool, keeps_all: bool = False
    ):
        self._all = columns
        self._answers, self._keeps_all = answers, keeps_all
        self._columns = [column for column in columns if answers or not column.answer]
        self._block, self._values = block, values
        self._from: dict[str, str | list[str]] = {}
        self._id = ""
        self._optional: dict[str, bool] = {}
        self._count = 0

    def opened(self, source: Source, records: Iterator[Record]) -> Iterator[Record]:
        """The records of a source, whose columns are matched with the task's; offsets of spans count characters."""
        if (first := next(records, None)) is not None:
            self.open(source, first, records)
            records = in_characters(itertools.chain([first], records), self._columns, self._from, source.name)
        return records

    def open(self, source: Source, first: Record, more: Iterator[Record]) -> None:
        """Match a source's columns with the task's, by its first row.

        Args:
            more: the rows after it, of which some are read to word an error.

        Raises:
            DataError: a column is missing.
        """
        has, mapped = paths.columns_in(first.values), self._block.columns
        self._from = {column.name: self._source_of(column, source, first) for column in self._all}
        self._id = str(mapped.get("id") or next((name for name in IDS if name in has), ""))
        wanted = {c.name: self._from[c.name] for c in self._columns if c.required or c.name in mapped}
        wanted |= {"id": self._id} if "id" in mapped else {}
        used = {self._id, *(name for source in self._from.values() for name in names_of(source))}
        used |= {PARALLEL} if any(column.kind == "spans" for column in self._columns) else set()
        unused = [name for name in has if not any(name == one or name.startswith(f"{one}.") for one in used if one)]
        lacking = {
            name: [one for one in names_of(source) if not paths.there(first.values, one)]
            for name, source in wanted.items()
        }
        if lost := {name: ones[0] for name, ones in lacking.items() if ones}:
            if problem := headers.misread(source, first, lost, self._block):
                raise DataError(problem)
            rows = hints.peek(first, more)
            if headers.is_missing(source, has, self._block):
                raise DataError(headers.name_columns(source, has, self._columns, rows))
            may_lack = headers.may_be_missing(source, has, self._block)
            header = headers.name_columns(source, has, self._columns, rows) if may_lack else None
            many = {c.name: names_of(self._from[c.name]) for c in self._all if c.kind == "choices"}
            problems = hints.missing(lost, self._columns, source.name, has, unused, rows, many)
            raise DataError(*problems, *([header] if header else []))
        inputs = [column for column in self._columns if not column.answer]
        if inputs and not any(paths.there(first.values, one) for c in inputs for one in names_of(self._from[c.name])):
            what = f"no column for {' or '.join(c.name for c in inputs)}; the columns here: {name_some(has)}"
            rows = hints.peek(first, more)
            named = ((c.name, hints.proposals([c], unused, rows).get(c.name)) for c in inputs)
            setting = next((Setting(f"data.columns.{name}", best) for name, best in named if best), None)
            todo = "name the one that holds it" if setting else "name the one that holds it in data.columns"
            raise DataError.at(source.name, what, todo, setting=setting)
        if unused and not self._keeps_all:
            log.info("%s: columns not used: %s", source.name, name_some(unused))

    def _source_of(self, column: Column, source: Source, first: Record) -> str | list[str]:
        """The column(s) of the source for a column of the task."""
        mapped, has = self._block.columns, first.values
        name = mapped.get(column.name, column.name)
        texts = [mapped.get(c.name, c.name) for c in self._all if c.kind == "text"]
        # spans refer to a text: a `label` beside words is something else
        if column.name in mapped or name in has or (column.kind == "spans" and not any(text in has for text in texts)):
            return name
        other = next((o for o in ALSO.get(column.kind, ()) if isinstance(has.get(o), list | dict)), name)
        if other != name:
            log.info("%s: %s are read from the column %s", source.name, column.name, other)
        return other

    def take(self, record: Record) -> dict[str, Any] | None:
        """The row by the names of the task's columns, with `row`, `place`, `id` and `lines` (see `dataset.load`); None
        if data.drop_labels leaves it out.

        Raises:
            Unusable: a column can not hold its value.
        """
        labels = (column for column in self._columns if column.kind == "label")
        if any(self._values.drops(self._value(column, record)) for column in labels):
            return None
        if not self._count:
            self._optional.clear()
        row: dict[str, Any] = {}
        for column in self._columns:
            value = self._value(column, record)
            may_be_none = column.kind == "answers" or column.name in self._block.allow_empty
            there = value is not None or (may_be_none and paths.there(record.values, str(self._from[column.name])))
            if column.required or self._expects(column.name, there):
                row[column.name] = self._taken(column, value, record.place, there=there)
        self._values.agree(row, self._columns, record.place)
        identity = self._values.take("id", paths.get(record.values, self._id), record.place)
        own = {"row": record.number, "place": record.place, "id": identity, "lines": record.lines}
        self._count += 1
        return {**row, **own}

    def _value(self, column: Column, record: Record) -> Any:
        source = self._from[column.name]
        if isinstance(source, str):
            return paths.get(record.values, source)
        return self._values.gather(column.kind, {one: paths.get(record.values, one) for one in source}, record.place)

    def _expects(self, name: str, there: bool) -> bool:
        """Whether an optional column is expected: the first row used decides for all."""
        expected = self._optional.setdefault(name, there)
        if there and not expected:
            raise Unusable(f"{name} is there, but not in the first row", "all rows must have it, or none")
        return expected

    def _taken(self, column: Column, value: Any, place: str, *, there: bool) -> Any:
        try:
            if not there and column.kind == "answers":
                raise Unusable("is missing", "other rows have it; write an empty list if there is no answer")
            if column.kind == "text" and (value is None or (isinstance(value, str) and not value.strip())):
                if column.name in self._block.allow_empty:
                    return self._values.empty(value, place)
                if not column.required and self._answers:
                    what = "is missing" if value is None else "is empty"
                    raise Unusable(what, MAY_BE_EMPTY, setting=Setting("data.allow_empty", (column.name,)))
            return self._values.take(column.kind, value, place)
        except Unusable as error:
            source = self._from[column.name]
            from_ = f"column {source}" if isinstance(source, str) else f"columns {', '.join(source)}"
            name = column.name if source == column.name else f"{column.name} ({from_})"
            raise error.about(name) from None
