"""Sources -> rows with the task's canonical columns, one by one: the memory does not grow with the number of rows.

The price: what can be known only at the end (rows that can not be used, counts of what was repaired) is reported there.
Formats that are read whole (see `docs/bulk.md`) hold their file in memory.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bertkit.data.canonical import Canonical
from bertkit.data.columns.column import Column
from bertkit.data.columns.mapping import check_mapping
from bertkit.data.columns.values import Values
from bertkit.data.read.folders import find_classes
from bertkit.data.read.readers import read
from bertkit.data.read.rows import BadRows, Tally, Unusable, word_place
from bertkit.data.read.sources import Source, expand
from bertkit.errors import DataError, Problem
from bertkit.progress import Pace
from bertkit.recipe.schema import DataBlock


class Taken(NamedTuple):
    """A row that was read."""

    values: dict[str, Any]
    """As its source holds it; empty where that can not be read."""
    row: dict[str, Any] | None
    """With the task's columns (see `dataset.load`); None: it can not be used."""
    problem: Problem | None = None
    """Why not."""


@dataclass
class KeptRows(BadRows):
    """Rows that can not be used are no error: each stays in its place, with its problem."""

    waiting: list[Problem] = field(default_factory=list)
    """Problems of rows that come before the next one that can be read."""

    def add(self, problem: Problem) -> None:
        self.count += 1
        self.waiting.append(problem)

    def settle(self) -> None:
        self._noted.warn()

    def taken(self) -> Iterator[Taken]:
        """The rows that wait."""
        waiting, self.waiting = self.waiting, []
        yield from (Taken({}, None, problem) for problem in waiting)


def stream(
    sources: Sequence[str | Source],
    columns: Sequence[Column],
    block: DataBlock,
    *,
    answers: bool = True,
    train: bool = False,
    keep_bad: bool = False,
    keeps_all: bool = False,
    paced: bool = True,
) -> Generator[Taken]:
    """All rows of `sources` that can be used, in order; the arguments and errors are those of `dataset.load`.

    Args:
        keep_bad: give the rows that can not be used too, each with its problem, whatever `block.bad_rows` says. An
            empty text is such a problem, unless `block.allow_empty` names its column.
        keeps_all: the other columns are used too (`Taken.values`), so that nobody need be told which are not.
        paced: log how far the reading is, where it takes long.
    """
    check_mapping(columns, block)
    tally, kept = Tally(), KeptRows()
    bad = kept if keep_bad else BadRows(block.bad_rows)
    values = Values(block, tally, keep_empty=not answers and not keep_bad, train=train)
    rows, used = Canonical(columns, block, values, answers=answers, keeps_all=keeps_all), False
    for source in expand(find_classes(sources, columns, block), block):
        pace = Pace(f"reading {source.name}") if paced else None
        for record in rows.opened(source, read(source, block, bad, answers=answers)):
            if pace:
                pace.step()
            yield from kept.taken()
            try:
                row = rows.take(record)
            except Unusable as error:
                problem = error.at(word_place(record.place, record.lines, error.word))
                if keep_bad:
                    kept.count += 1
                    yield Taken(record.values, None, problem)
                else:
                    bad.add(problem)
            else:
                if row is not None:
                    used = True
                    yield Taken(record.values, row)
        yield from kept.taken()
    bad.settle()
    values.settle()
    tally.warn()
    if not used and not kept.count:
        names = ", ".join(source.name if isinstance(source, Source) else source for source in sources)
        raise DataError.at(names, "no row can be used", "see the rows left out above")
