"""Sources -> a `Dataset` with the task's canonical columns.

Rows are read from the file every time: `datasets`' own cache gives stale rows if a file is rewritten within a second.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from bertkit.data import headers, hints
from bertkit.data.columns import paths
from bertkit.data.columns.column import Column
from bertkit.data.columns.mapping import check_mapping, names_of
from bertkit.data.columns.units import PARALLEL, in_characters
from bertkit.data.columns.values import Values
from bertkit.data.read.folders import find_classes
from bertkit.data.read.hub import check_hub
from bertkit.data.read.readers import read
from bertkit.data.read.rows import BadRows, Record, Tally, Unusable, word_place
from bertkit.data.read.sources import Source, expand
from bertkit.errors import DataError, Setting, name_some, together
from bertkit.progress import Pace
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from datasets import Dataset

log = logging.getLogger("bertkit")

IDS = ("id", "idx")
"""Columns used as the rows' ids if data.columns names none."""

ALSO = {"tags": ("ner_tags",), "spans": ("entities", "label")}
"""Kind of a column -> its names in published files, used if data.columns names none."""

MAY_BE_EMPTY = "to leave such rows out set data.bad_rows=skip; if it may be empty"

BATCH = 10_000
"""Rows in memory as Python objects at a time."""


def load(
    sources: Sequence[str | Source],
    columns: Sequence[Column],
    block: DataBlock,
    *,
    answers: bool = True,
    train: bool = False,
    keep: list[dict[str, Any]] | None = None,
) -> Dataset:
    """Read all rows of `sources`, in order.

    Args:
        sources: see `sources.expand`.
        columns: the task's. An optional column is included if the first row has it; then all rows must.
        block: how to read them; its `train`, `validation` and `test` are ignored.
        answers: whether the rows hold answers. If not, answer columns are not read, and empty texts are accepted.
        train: whether they are trained on: one answer of a question then needs a place in its text.
        keep: a list to which each row that is used is added, as its source holds it.

    Returns:
        The columns that the rows have, by canonical name (column.py says what each kind holds), then `row` (number of
        the row in its source, from 1), `place` (`file:line`) and, if a source has them, `id` (str) and `lines` (of
        each word, in CoNLL; see `rows.word_place`). It is in memory, without a cache on disk.

    Raises:
        DataError: a source, a column or a row that can not be used.
    """
    check_mapping(columns, block)
    tally, bad = Tally(), BadRows(block.bad_rows)
    values = Values(block, tally, keep_empty=not answers, train=train)
    rows = _Rows(columns, block, values, answers=answers)
    for source in expand(find_classes(sources, columns, block), block):
        pace = Pace(f"reading {source.name}")
        for record in rows.opened(source, read(source, block, bad, answers=answers)):
            pace.step()
            try:
                rows.add(record)
                if keep is not None:
                    keep.append(record.values)
            except Unusable as error:
                bad.add(error.at(word_place(record.place, record.lines, error.word)))
    bad.settle()
    values.settle()
    tally.warn()
    if not len(rows):
        names = ", ".join(source.name if isinstance(source, Source) else source for source in sources)
        raise DataError.at(names, "no row can be used", "see the rows left out above")
    return rows.dataset()


class _Rows:
    """Rows with canonical columns, turned into Arrow batch by batch."""

    def __init__(self, columns: Sequence[Column], block: DataBlock, values: Values, *, answers: bool):
        self._all = columns
        self._answers = answers
        self._columns = [column for column in columns if answers or not column.answer]
        self._block, self._values = block, values
        self._from: dict[str, str | list[str]] = {}
        self._id = ""
        self._optional: dict[str, bool] = {}
        self._waiting: list[dict[str, Any]] = []
        self._batches: list[Any] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

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
        if unused:
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

    def add(self, record: Record) -> None:
        """Add one row, unless data.drop_labels leaves it out.

        Raises:
            Unusable: a column can not hold its value.
        """
        labels = (column for column in self._columns if column.kind == "label")
        if any(self._values.drops(self._value(column, record)) for column in labels):
            return
        if not self._count:
            self._optional.clear()
        row: dict[str, Any] = {}
        for column in self._columns:
            value = self._value(column, record)
            may_be_none = column.kind == "answers" or column.name in self._block.allow_empty
            there = value is not None or (may_be_none and paths.there(record.values, str(self._from[column.name])))
            if column.required or self._expects(column.name, there):
                row[column.name] = self._take(column, value, record.place, there=there)
        self._values.agree(row, self._columns, record.place)
        identity = self._values.take("id", paths.get(record.values, self._id), record.place)
        own = {"row": record.number, "place": record.place, "id": identity, "lines": record.lines}
        self._waiting.append({**row, **own})
        self._count += 1
        if len(self._waiting) == BATCH:
            self._flush()

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

    def _take(self, column: Column, value: Any, place: str, *, there: bool) -> Any:
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

    def _flush(self) -> None:
        import pyarrow as pa

        self._batches.append(pa.RecordBatch.from_pylist(self._waiting, self._schema()))
        self._waiting = []

    def _schema(self) -> Any:
        import pyarrow as pa

        text, start = pa.string(), ("start", pa.int64())
        kinds = {"text": text, "label": text, "labels": pa.list_(text), "number": pa.float64()}
        kinds |= {
            "words": pa.list_(text),
            "tags": pa.list_(text),
            "choices": pa.list_(text),
            "choice": pa.int64(),
            "answers": pa.list_(pa.struct([("text", text), start])),
        }
        kinds |= {"spans": pa.list_(pa.struct([start, ("end", pa.int64()), ("label", text)]))}
        own = {c.name: kinds[c.kind] for c in self._columns if c.required or self._optional.get(c.name)}
        return pa.schema({**own, "row": pa.int64(), "place": text, "id": text, "lines": pa.list_(pa.int64())})

    def dataset(self) -> Dataset:
        """All rows added so far."""
        import pyarrow as pa
        from datasets import Dataset

        self._flush()
        table = pa.Table.from_batches(self._batches, self._schema())
        return Dataset(table.drop_columns([c for c in ("id", "lines") if table[c].null_count == len(table)]))


def check_sources(sources: Sequence[str], columns: Sequence[Column], block: DataBlock, *, look: bool = True) -> None:
    """Check that sources are there and, with `look`, that their first rows have the task's columns. No more is read.

    Raises:
        DataError: a source or a column is missing.
    """
    check_mapping(columns, block)
    values = Values(block, Tally())

    def check(source: Source) -> None:
        if source.format == "hub":
            check_hub(source)
        elif look and source.file and source.file.is_file():  # a pipe can be read only once
            records = read(source, block, BadRows("skip"))
            for first in itertools.islice(records, 1):
                _Rows(columns, block, values, answers=True).open(source, first, records)

    names = [source for source in sources if source != "-"]
    together(*(partial(check, source) for source in expand(find_classes(names, columns, block), block)))
