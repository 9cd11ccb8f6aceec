"""Rows -> requests: as many rows as a request should have, and no more in memory than that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ROWS = 64
"""Of a request."""
CHARACTERS = 32_000
"""Of a request, over all texts: about 8,000 tokens of English. So four requests at a time hold half of the 65,536
tokens that wait at a server by default, and others find room."""


class Batch(NamedTuple):
    """Rows of one request.

    Args:
        start: the number of the first one, from 0.
    """

    start: int
    rows: list[Any]


@dataclass
class Packing:
    """Cuts rows that come one by one.

    Args:
        rows, characters: most of a batch; a row with more characters is a batch of its own.
    """

    rows: int = ROWS
    characters: int = CHARACTERS
    _own: list[Any] = field(default_factory=list)
    _size: int = 0
    _start: int = 0

    def add(self, row: Any) -> Batch | None:
        """Take a row; returns the batch before it where that is full."""
        size = length_of(row)
        full = self._own and (len(self._own) >= self.rows or self._size + size > self.characters)
        done = self.rest() if full else None
        self._own.append(row)
        self._size += size
        return done

    def rest(self) -> Batch | None:
        """The last batch, if there are rows in it."""
        if not self._own:
            return None
        batch = Batch(self._start, self._own)
        self._start += len(self._own)
        self._own, self._size = [], 0
        return batch


def several(rows: Any) -> Any:
    """A single text or row as one row: it is not a list of its characters or columns."""
    return [rows] if isinstance(rows, str | dict) else rows


def batches(rows: Iterable[Any]) -> Iterator[Batch]:
    """The batches of rows, each as soon as it is full."""
    packing = Packing()
    for row in several(rows):
        if batch := packing.add(row):
            yield batch
    if batch := packing.rest():
        yield batch


def length_of(row: Any) -> int:
    """Characters of all texts in a row."""
    if isinstance(row, str):
        return len(row)
    if isinstance(row, dict):
        return sum(map(length_of, row.values()))
    if isinstance(row, list | tuple):
        return sum(map(length_of, row))
    return 0
