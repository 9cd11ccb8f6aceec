"""Sources -> a `Dataset` with the task's canonical columns, and nothing lost on the way.

The rows are read anew each time: `datasets`' own cache serves stale rows where a file is rewritten within a second.
"""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bertkit.data.columns import Column
from bertkit.data.readers import read
from bertkit.data.rows import BadRows, Record, Tally, Unusable
from bertkit.data.sources import Source, expand, placeholders, setting
from bertkit.data.values import Values
from bertkit.errors import DataError, Problem, did_you_mean
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from datasets import Dataset

log = logging.getLogger("bertkit")

IDS = ("id", "idx")
"""Columns that are taken for the rows' ids where data.columns names none."""

BATCH = 10_000
"""Rows that stand in memory as Python objects at a time."""

_WORDS = re.compile(r"\S+( \S+){2,}")  # may be a name, and may be a text
_SENTENCE = re.compile(r"\S+( \S+){4,}|.{41,}|-?\d+(\.\d+)?|.*[.!?]", re.DOTALL)


def load(
    sources: Sequence[str],
    columns: Sequence[Column],
    block: DataBlock,
    *,
    answers: bool = True,
    keep: list[dict[str, Any]] | None = None,
) -> Dataset:
    """Read all rows of `sources` in their order.

    Args:
        sources: see `sources.expand`.
        columns: the task's. An optional one is there if the first row has it; then all rows must.
        block: how to read them; its `train`, `validation` and `test` are not looked at.
        answers: whether the rows hold answers. If not, answer columns are neither asked for nor read, and an empty
            text is kept.
        keep: a list to which the whole row, as its source holds it, is added for each row that is taken.

    Returns:
        The columns that the rows have, by canonical name (text and label: str, labels: list of str, number: float),
        then `row` (number of the row in its source, from 1), `place` (`file:line`) and, where the source has one,
        `id` (str). It lies in memory, and leaves no cache.

    Raises:
        DataError: a source, a column or a row that can not be used.
    """
    _check_mapping(columns, block)
    tally, bad = Tally(), BadRows(block.bad_rows)
    values = Values(block, tally, keep_empty=not answers)
    rows = _Rows(columns, block, values, answers=answers)
    for source in expand(sources, block):
        for position, record in enumerate(read(source, block, bad)):
            if not position:
                rows.open(source, record)
            try:
                rows.add(record)
                if keep is not None:
                    keep.append(record.values)
            except Unusable as error:
                bad.add(Problem(record.place, error.what, error.todo))
    bad.settle()
    values.settle()
    tally.warn()
    if not len(rows):
        raise DataError.at(", ".join(sources), "no row can be used", "see the rows left out above")
    return rows.dataset()


class _Rows:
    """Rows with canonical columns, turned into Arrow batch by batch."""

    def __init__(self, columns: Sequence[Column], block: DataBlock, values: Values, *, answers: bool):
        self._columns = [column for column in columns if answers or not column.answer]
        self._block, self._values = block, values
        self._from = {column.name: block.columns.get(column.name, column.name) for column in columns}
        self._id = ""
        self._optional: dict[str, bool] = {}
        self._waiting: list[dict[str, Any]] = []
        self._batches: list[Any] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def open(self, source: Source, first: Record) -> None:
        """Look at a source's first row: are its columns there, and which are not used?

        Raises:
            DataError: a column is missing.
        """
        has, mapped = list(first.values), self._block.columns
        self._id = mapped.get("id") or next((name for name in IDS if name in has), "")
        wanted = {c.name: self._from[c.name] for c in self._columns if c.required or c.name in mapped}
        wanted |= {"id": self._id} if "id" in mapped else {}
        unused = [name for name in has if name not in {*self._from.values(), self._id}]
        if missing := {name: column for name, column in wanted.items() if column not in has}:
            if self._is_headless(source, has):
                raise DataError(self._no_header(source, has))
            lost = self._no_header(source, has) if self._is_headless(source, has, _WORDS) else None
            raise DataError(*_missing(missing, source.name, has, unused), *([lost] if lost else []))
        if unused:
            log.info("%s: columns not used: %s", source.name, ", ".join(unused))

    def add(self, record: Record) -> None:
        """Take one row.

        Raises:
            Unusable: a column can not hold its value.
        """
        if not self._count:
            self._optional.clear()
        row: dict[str, Any] = {}
        for column in self._columns:
            value = record.values.get(self._from[column.name])
            if column.required or self._expects(column.name, value):
                row[column.name] = self._take(column, value, record.place)
        identity = self._values.take("id", record.values.get(self._id), record.place)
        self._waiting.append({**row, "row": record.number, "place": record.place, "id": identity})
        self._count += 1
        if len(self._waiting) == BATCH:
            self._flush()

    def _expects(self, name: str, value: Any) -> bool:
        """Whether an optional column is there: the first row taken decides for all."""
        expected = self._optional.setdefault(name, value is not None)
        if value is not None and not expected:
            raise Unusable(f"{name} is there, but not in the first row", "all rows must have it, or none")
        return expected

    def _take(self, column: Column, value: Any, place: str) -> Any:
        try:
            return self._values.take(column.kind, value, place)
        except Unusable as error:
            source = self._from[column.name]
            name = column.name if source == column.name else f"{column.name} (column {source})"
            raise Unusable(f"{name} {error.what}", error.todo) from None

    def _flush(self) -> None:
        import pyarrow as pa

        self._batches.append(pa.RecordBatch.from_pylist(self._waiting, self._schema()))
        self._waiting = []

    def _schema(self) -> Any:
        import pyarrow as pa

        kinds = {"text": pa.string(), "label": pa.string(), "labels": pa.list_(pa.string()), "number": pa.float64()}
        own = {c.name: kinds[c.kind] for c in self._columns if c.required or self._optional.get(c.name)}
        return pa.schema({**own, "row": pa.int64(), "place": pa.string(), "id": pa.string()})

    def _is_headless(self, source: Source, has: list[str], pattern: re.Pattern[str] = _SENTENCE) -> bool:
        tabular = source.format in ("csv", "csv-semicolon", "tsv")
        return tabular and self._block.header is None and any(map(pattern.fullmatch, has))

    def _no_header(self, source: Source, has: list[str]) -> Problem:
        names = [column.name for column in self._columns if column.required][: len(has)]
        names += placeholders(len(has))[len(names) :]
        todo = f"if it is a row, name the columns: {setting('data.header', names)}"
        what = f"does not look like a header, and names no {self._columns[0].name}: {', '.join(has)}"
        return Problem(source.line(1), f"{what:.120}", todo)

    def dataset(self) -> Dataset:
        """All rows taken."""
        import pyarrow as pa
        from datasets import Dataset

        self._flush()
        table = pa.Table.from_batches(self._batches, self._schema())
        return Dataset(table if table["id"].null_count < len(table) else table.drop_columns("id"))


def _check_mapping(columns: Sequence[Column], block: DataBlock) -> None:
    known = [*(column.name for column in columns), "id"]
    problems = [
        Problem(f"data.columns.{name}", "the task has no such column", did_you_mean(name, known))
        for name in block.columns
        if name not in known
    ]
    seen: dict[str, str] = {}
    for name, source in block.columns.items():
        if name in known and source in seen and "id" not in (name, seen[source]):
            what = f"{source} is already the column of {seen[source]}"
            problems.append(Problem(f"data.columns.{name}", what, "each column of the task has its own"))
        seen.setdefault(source, name)
    if problems:
        raise DataError(*problems)


def _missing(missing: dict[str, str], where: str, has: list[str], unused: list[str]) -> list[Problem]:
    """What to say of canonical columns (name -> the column looked for) that a source does not have."""
    problems = []
    for name, column in missing.items():
        near = difflib.get_close_matches(column, unused, n=1) or unused[:1]
        unused = [other for other in unused if other not in near]
        what = f"no column {column!r} for {name}; the columns here: {', '.join(has)}"
        todo = setting(f"data.columns.{name}", near[0] if near else "NAME")
        problems.append(Problem(where, what, f"name the one that holds it: {todo}"))
    return problems
