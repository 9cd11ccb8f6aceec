"""Rows as read from a file, and the count of those that can not be used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bertkit.errors import DataError, Problem, Setting
from bertkit.warn import warn

SHOWN = 10
"""Bad rows shown one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row as the source has it: `place` is `file:line` or `file[row 17]`, `number` counts the rows from 1.

    `lines` has the line of each word, for formats with one word per line.
    """

    place: str
    number: int
    values: dict[str, Any]
    lines: list[int] | None = None


class Unusable(Exception):
    """A value that a column can not hold.

    `problem` says why, with an empty place; `word` is the position (from 0) of the word with the problem, if any.
    """

    def __init__(
        self,
        reason: str,
        remedy: str = "",
        *,
        detail: str = "",
        setting: Setting | None = None,
        word: int | None = None,
    ):
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.problem, self.word = Problem("", reason, remedy, detail, setting), word

    def at(self, place: str) -> Problem:
        """The problem with its place."""
        return replace(self.problem, key=place)

    def about(self, subject: str) -> Unusable:
        """The same, with the subject before it: `is missing` -> `label is missing`."""
        problem = self.problem
        what = f"{subject} {problem.reason}"
        return Unusable(what, problem.remedy, detail=problem.detail, setting=problem.setting, word=self.word)

    def inside(self, what: str, part: str, word: int | None = None) -> Unusable:
        """The problem of a part of the value as the value's: `holds a bad tag: that of word 3 is missing`."""
        problem = self.problem
        detail = f"{part} {problem.reason}" + (f": {problem.detail}" if problem.detail else "")
        return Unusable(what, problem.remedy, detail=detail, setting=problem.setting, word=word)


@dataclass
class LeftOut:
    """Rows of the sources that are not among those read."""

    skipped: int = 0
    """Rows that can not be used (data.bad_rows: skip)."""
    not_drawn: int = 0
    """Rows beyond data.limit."""
    dropped: int = 0
    """Rows whose label is one of data.drop_labels."""

    def __str__(self) -> str:
        """`, 3 skipped, 20 not drawn`, or an empty text."""
        dropped = f", {self.dropped:,} dropped (data.drop_labels)" if self.dropped else ""
        skipped = f", {self.skipped:,} skipped (data.bad_rows)" if self.skipped else ""
        return dropped + skipped + (f", {self.not_drawn:,} not drawn (data.limit)" if self.not_drawn else "")

    def as_dict(self) -> dict[str, int]:
        """`rows_dropped`, `rows_skipped` and `rows_not_drawn`, where there are any."""
        counts = {"rows_dropped": self.dropped, "rows_skipped": self.skipped, "rows_not_drawn": self.not_drawn}
        return {name: count for name, count in counts.items() if count}


_LEFT_OUT: ContextVar[LeftOut | None] = ContextVar("left_out", default=None)


@contextmanager
def count_left_out() -> Iterator[LeftOut]:
    """Counts the rows left out by everything that reads rows inside, whatever the task's own `read` returns."""
    counts = LeftOut()
    token = _LEFT_OUT.set(counts)
    try:
        yield counts
    finally:
        _LEFT_OUT.reset(token)


def leave_out(*, skipped: int = 0, not_drawn: int = 0, dropped: int = 0) -> None:
    """Count rows left out, if someone asked for the count."""
    if (counts := _LEFT_OUT.get()) is not None:
        counts.dropped += dropped
        counts.skipped += skipped
        counts.not_drawn += not_drawn


class Tally:
    """Counts what is skipped or repaired, by reason, and warns once per reason; `lines` has the same as texts."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._places: dict[str, list[str]] = {}

    def add(self, reason: str, place: str) -> None:
        self._counts[reason] = self._counts.get(reason, 0) + 1
        places = self._places.setdefault(reason, [])
        if len(places) < 3:
            places.append(place)

    def lines(self) -> list[str]:
        """One per reason: how often, and the first places."""
        return [f"{reason}: {count:,} ({some(self._places[reason], count)})" for reason, count in self._counts.items()]

    def warn(self) -> None:
        """One warning per reason."""
        for line in self.lines():
            warn(line)


@dataclass
class CollectedRows:
    """Rows that can not be used, of everything that was read: see `collect_bad_rows`."""

    problems: list[Problem] = field(default_factory=list)
    """Those that an error would have shown."""
    counts: list[str] = field(default_factory=list)
    """How many there are, and the first places: a line per reason."""


_COLLECTED: ContextVar[CollectedRows | None] = ContextVar("collected", default=None)


@contextmanager
def collect_bad_rows() -> Iterator[CollectedRows]:
    """Rows that can not be used are left out and collected inside, where they would end the reading with an error: so
    what else is wrong is found too. Rows that the user allows to skip are skipped as ever."""
    collected = CollectedRows()
    token = _COLLECTED.set(collected)
    try:
        yield collected
    finally:
        _COLLECTED.reset(token)


@dataclass
class BadRows:
    """Rows that can not be used: an error that shows the first ones or, in mode `skip`, left out and counted.

    Rows left out are counted by `Problem.reason`; what is particular to a row is in `Problem.detail`.
    """

    mode: Literal["error", "skip"] = "error"
    count: int = 0
    passed: int = 0
    """Rows without an answer that one could use, left out in either mode: those that an annotator rejected."""
    _first: list[Problem] = field(default_factory=list)
    _reasons: Tally = field(default_factory=Tally)
    _noted: Tally = field(default_factory=Tally)

    def add(self, problem: Problem) -> None:
        self.count += 1
        self._reasons.add(f"rows left out, {problem.reason}", problem.key)
        if self.mode != "skip" and len(self._first) < SHOWN:
            self._first.append(problem)

    def note(self, reason: str, place: str) -> None:
        """Count a part of a row that is not used, where the row is."""
        self._noted.add(reason, place)

    def pass_over(self, reason: str, place: str) -> None:
        """Count a row that has no answer, and is left out."""
        self.passed += 1
        self.note(f"rows left out, {reason}", place)

    def settle(self) -> None:
        """Warn of what was noted; raise an error for the bad rows, or warn of those left out.

        Raises:
            DataError: there are bad rows, the mode is `error`, and nobody collects them (`collect_bad_rows`).
        """
        self._noted.warn()
        if self.mode == "skip":
            self._reasons.warn()
            leave_out(skipped=self.count)
        elif self._first:
            more = self.count - len(self._first)
            rest = [Problem("", f"and {more:,} more {'row' if more == 1 else 'rows'} like these")] if more else []
            if (collected := _COLLECTED.get()) is None:
                raise DataError(*self._first, *rest)
            collected.problems += [*self._first, *rest]
            collected.counts += self._reasons.lines()


def some(places: list[str], count: int) -> str:
    """The first places of `count`, followed by dots if there are more."""
    return ", ".join(places) + (", ..." if count > len(places) else "")


def word_place(place: str, lines: Sequence[int] | None, word: int | None) -> str:
    """The place of a word (from 0) of a row: `a.conll:17` in a format with one word per line, else the row's place."""
    return f"{place.rpartition(':')[0]}:{lines[word]}" if lines and word is not None else place
