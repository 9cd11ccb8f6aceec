"""The rows of an input: looked at once before the work, then read again in parts.

The look finds rows that can not be used, the number of rows and all columns: mistakes are reported before the work, the
time left is known, and a column that only the last row has is in the header. It costs 30 microseconds per row, where
the smallest model takes two milliseconds on a processor.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TypeVar

from bertkit.data.columns.column import Column
from bertkit.data.read.folders import find_classes
from bertkit.data.read.rows import count_left_out, leave_out
from bertkit.data.read.sources import Source, expand
from bertkit.data.stream import Taken, stream
from bertkit.inference.bulk.identity import readable_again
from bertkit.recipe.schema import DataBlock

T = TypeVar("T")
log = logging.getLogger("bertkit")


@dataclass(frozen=True)
class Look:
    """What a look at all rows found."""

    rows: int
    columns: list[str]
    first: Taken | None
    """The first row that can be answered."""
    left_out: dict[str, int]
    """Arguments of `leave_out`."""


@dataclass(frozen=True)
class BulkInput:
    """Sources that can be read again.

    Args:
        columns: of the task.
        keep_bad: see `stream`.
    """

    sources: Sequence[Source]
    columns: Sequence[Column]
    block: DataBlock
    keep_bad: bool = False

    def rows(self, *, paced: bool = True) -> Generator[Taken]:
        """All rows, from the first one on."""
        return stream(self.sources, self.columns, self.block, answers=False, keep_bad=self.keep_bad, paced=paced)

    def few(self, most: int) -> list[Taken] | None:
        """All rows, if there are at most so many."""
        with closing(self.rows()) as rows, count_left_out() as left_out:
            found = list(islice(rows, most + 1))
            if len(found) > most:
                return None
        leave_out(**asdict(left_out))
        return found

    def look(self) -> Look:
        """Read all rows.

        Raises:
            DataError: rows that can not be used.
        """
        count, names, first = 0, dict[str, None](), None
        with count_left_out() as left_out:
            for one in self.rows():
                count += 1
                names.update(dict.fromkeys(one.values))
                first = one if first is None and one.row is not None else first
        return Look(count, [*names], first, asdict(left_out))

    @contextmanager
    def again(self) -> Iterator[Iterator[Taken]]:
        """The rows once more: what was said and counted of them before is not said and counted again."""
        with closing(self.rows(paced=False)) as rows, count_left_out():
            yield rows


@contextmanager
def opened(source: str, columns: Sequence[Column], block: DataBlock, *, keep_bad: bool) -> Iterator[BulkInput]:
    """The input of that name (see `sources.expand`)."""
    with readable_again(expand(find_classes([source], columns, block), block)) as sources:
        yield BulkInput(sources, columns, block, keep_bad)


def look_of(rows: Sequence[Taken]) -> Look:
    """As `BulkInput.look`, of rows in memory."""
    names = dict.fromkeys(name for one in rows for name in one.values)
    return Look(len(rows), [*names], next((one for one in rows if one.row is not None), None), {})


class _Once(logging.Filter):
    """Drops a message that was logged before."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        new = text not in self._said
        self._said.add(text)
        return new


@contextmanager
def said_once() -> Iterator[None]:
    """In the block, no message is logged twice: of readers that read a source again."""
    once = _Once()
    log.addFilter(once)
    try:
        yield
    finally:
        log.removeFilter(once)


def ahead(make: Callable[[], T | None]) -> Iterator[T]:
    """What `make` gives until it gives None; the next is made in a thread while the last one is used."""
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1, "ahead") as thread:
        following = thread.submit(context.run, make)
        while (made := following.result()) is not None:
            following = thread.submit(context.run, make)
            yield made
