"""Edits of a text, and where its parts are afterwards: offsets of entities and answers move along.

    edited = Edited("in Berlin", [Edit(3, 4, "P")])
    edited.text               # "in Perlin"
    edited.span(3, 9)         # (3, 9)

An edit inside a span belongs to it: the span grows or shrinks. A bare insertion at the edge of a span stays outside, so
what is added to a word replaces a character of it (`n` by `nx`), and what is new between words is inserted.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple


class Edit(NamedTuple):
    """The characters from `start` to `end` (exclusive) become `new`; equal numbers insert."""

    start: int
    end: int
    new: str
    origin: int | None = None
    """For a part that is moved: where `new` starts in the old text. Spans in it go where it goes."""


class Edited:
    """A text after edits that do not overlap; of those that do, the first stays."""

    def __init__(self, old: str, edits: Iterable[Edit]):
        self.old = old
        self.edits = _disjoint(old, edits)
        self._starts = [edit.start for edit in self.edits]
        self._ends = [edit.end for edit in self.edits]
        growth = (len(edit.new) - (edit.end - edit.start) for edit in self.edits)
        self._shifts = list(itertools.accumulate(growth, initial=0))
        """By how much what follows the first N edits is shifted, for each N."""
        self._moved = [(number, edit) for number, edit in enumerate(self.edits) if edit.origin is not None]

    @cached_property
    def text(self) -> str:
        """The new text."""
        parts, done = [], 0
        for edit in self.edits:
            parts += [self.old[done : edit.start], edit.new]
            done = edit.end
        return "".join([*parts, self.old[done:]])

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Where the old characters `start` to `end` are now: an empty span where all are gone; None where an edit
        crosses an edge of the span, so that nobody can tell."""
        for number, edit in self._moved:
            origin = edit.origin or 0
            if origin <= start and end <= origin + len(edit.new):
                shift = self._starts[number] + self._shifts[number] - origin
                return start + shift, end + shift
        first, after = bisect.bisect_right(self._ends, start), bisect.bisect_left(self._starts, end)
        if first < after:
            edit = self.edits[first]
            at = edit.start + self._shifts[first]
            if edit.start <= start and edit.end >= end and edit.origin is None:
                if not edit.new:
                    return at, at
                return (at, at + len(edit.new)) if (edit.start, edit.end) == (start, end) else None
            crossed = edit.start < start or self._ends[after - 1] > end
            if crossed or any(first <= number < after for number, _ in self._moved):
                return None
        return start + self._shifts[first], end + self._shifts[after]


def touches(edit: Edit, start: int, end: int) -> bool:
    """Whether an edit changes a span or stands at its edge."""
    return edit.start <= end and edit.end >= start


def overlaps(edit: Edit, start: int, end: int) -> bool:
    """Whether an edit changes something in a span; an insertion at its edge does not."""
    return edit.start < end and edit.end > start


def _disjoint(text: str, edits: Iterable[Edit]) -> list[Edit]:
    """In order, without edits that change nothing, and of two that overlap only the first."""
    kept: list[Edit] = []
    for edit in sorted(edits):
        again = kept and (edit.start < kept[-1].end or (edit.start, edit.end) == (kept[-1].start, kept[-1].end))
        if not again and text[edit.start : edit.end] != edit.new:
            kept.append(edit)
    return kept
