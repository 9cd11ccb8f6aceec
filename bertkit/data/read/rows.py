"""A row on its way from a file to a data set, and the account of those that do not arrive."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bertkit.errors import DataError, Problem

log = logging.getLogger("bertkit")

SHOWN = 10
"""So many bad rows are shown one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row as its source holds it: `place` is `file:line` or `file[row 17]`, `number` counts its rows from 1.

    `lines` has the line of each word, where a line is a word.
    """

    place: str
    number: int
    values: dict[str, Any]
    lines: list[int] | None = None


class Unusable(Exception):
    """A value that a column can not hold: `what` is wrong with it and `todo`, the next step.

    `word` is the position (from 0) of the word or tag in question, where there is one.
    """

    def __init__(self, what: str, todo: str = "", word: int | None = None):
        super().__init__(what)
        self.what, self.todo, self.word = what, todo, word


class Tally:
    """Counts what is passed over or mended, by reason, and says each reason once."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._places: dict[str, list[str]] = {}

    def add(self, reason: str, place: str) -> None:
        self._counts[reason] = self._counts.get(reason, 0) + 1
        places = self._places.setdefault(reason, [])
        if len(places) < 3:
            places.append(place)

    def warn(self) -> None:
        """One warning a reason: how often, and where first."""
        for reason, count in self._counts.items():
            log.warning("%s: %s (%s)", reason, f"{count:,}", some(self._places[reason], count))


@dataclass
class BadRows:
    """Rows that can not be used: an error that shows the first ones, or, where allowed, left out and counted.

    `Problem.reason` opens with the reason; a colon parts it from what is particular to the row, so that left-out rows
    are counted by reason.
    """

    mode: Literal["error", "skip"] = "error"
    count: int = 0
    _first: list[Problem] = field(default_factory=list)
    _left_out: Tally = field(default_factory=Tally)

    def add(self, problem: Problem) -> None:
        self.count += 1
        if self.mode == "skip":
            self._left_out.add(f"rows left out, {problem.reason.partition(':')[0]}", problem.key)
        elif len(self._first) < SHOWN:
            self._first.append(problem)

    def settle(self) -> None:
        """Say what became of the bad rows.

        Raises:
            DataError: there are some, and the mode is `error`.
        """
        if self.mode == "skip":
            self._left_out.warn()
        elif self._first:
            more = self.count - len(self._first)
            rest = [Problem("", f"and {more:,} more {'row' if more == 1 else 'rows'} like these")] if more else []
            raise DataError(*self._first, *rest)


def some(places: list[str], count: int) -> str:
    """The first places of `count`, with dots where there are more."""
    return ", ".join(places) + (", ..." if count > len(places) else "")


def word_place(place: str, lines: Sequence[int] | None, word: int | None) -> str:
    """The place of a word (from 0) of a row: `a.conll:17` where a line is a word, else the place of the row."""
    return f"{place.rpartition(':')[0]}:{lines[word]}" if lines and word is not None else place
