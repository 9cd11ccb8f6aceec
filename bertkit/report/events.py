"""The page of tracked events: a time line of the largest, and a table of all. Readable with hundreds of them.

Bars are drawn here and not by matplotlib, which takes a tenth of a second per plot. They have the width of their
column, whatever that is, so they hold no text: days stand above them, and a bar that is pointed at shows its day and
documents.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from bertkit.report.page import render
from bertkit.tasks.verdicts import short

LINES = 40
"""Most events of the time line."""
ROWS = 1000
"""Most events of the table."""
SINGLES = 200
"""Most documents that belong to no event."""
BINS = 120
"""Most bars of an event; with more days, a bar is several of them."""
TICKS = 9
"""Most days that are named above the bars."""
NAMED = 3
"""Keywords that name a line."""
TITLE = 200
"""Characters."""

Row = dict[str, Any]


class Bar(NamedTuple):
    """A part of the time with documents; left, width and height as shares of the drawing, from 0 to 100."""

    left: float
    width: float
    height: float
    said: str


@dataclass(frozen=True)
class Axis:
    """Days from the first to the last.

    Args:
        step: days of a bar.
    """

    first: date
    days: int
    step: int

    @classmethod
    def of(cls, days: Sequence[str]) -> Axis:
        """The axis on which all these days lie."""
        first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
        count = (last - first).days + 1
        return cls(first, count, math.ceil(count / BINS))

    def bars(self, counts: Mapping[str, int]) -> list[Bar]:
        """The bars of an event; the highest fills the drawing."""
        bins: dict[int, int] = {}
        for day, count in counts.items():
            place = (date.fromisoformat(day) - self.first).days // self.step
            bins[place] = bins.get(place, 0) + count
        most, width = max(bins.values()), 100 * self.step / self.days
        return [
            Bar(
                round(place * width, 3),
                round(min(width, 100 - place * width), 3),  # the last may have fewer days
                round(100 * count / most, 1),
                self._said(place, count),
            )
            for place, count in sorted(bins.items())
        ]

    def ticks(self) -> list[tuple[float, str]]:
        """Places, from 0 to 100, and names of some days: weeks, months or years, as many as fit."""
        last = self.first + timedelta(self.days - 1)
        every = (date(n // 12, n % 12 + 1, 1) for n in range(_month(self.first), _month(last) + 1))
        months = [one for one in every if self.first <= one <= last]
        years = [one for one in months if one.month == 1]
        if len(years) > TICKS // 2:
            chosen, form = years[:: math.ceil(len(years) / TICKS)], "%Y"
        elif len(months) > TICKS // 2:
            chosen, form = months[:: math.ceil(len(months) / TICKS)], "%b %Y"
        else:
            step = math.ceil(self.days / TICKS)
            chosen, form = [self.first + timedelta(number) for number in range(0, self.days, step)], "%d %b"
        return [(round(100 * (one - self.first).days / self.days, 2), one.strftime(form).lstrip("0")) for one in chosen]

    def _said(self, place: int, count: int) -> str:
        start = self.first + timedelta(place * self.step)
        end = self.first + timedelta(min((place + 1) * self.step, self.days) - 1)
        return f"{start}{'' if end == start else f' to {end}'}: {count:,} document{'' if count == 1 else 's'}"


def _month(day: date) -> int:
    return 12 * day.year + day.month - 1


def page(name: str, rows: Sequence[Row], least: int) -> str:
    """The text of the page.

    Args:
        rows: an event each: `event`, `single`, `documents`, `first`, `peak`, `last`, `keywords`, `title`, and `days`,
            day -> documents.
        least: documents below which an event is single.
    """
    events = sorted((row for row in rows if not row["single"]), key=lambda row: (-row["documents"], row["event"]))
    singles = [row for row in rows if row["single"]]
    total: dict[str, int] = {}
    for row in rows:
        for day, count in row["days"].items():
            total[day] = total.get(day, 0) + count
    axis = Axis.of(list(total))
    in_time = sorted(events[:LINES], key=lambda row: (row["first"], row["event"]))
    outside = sum(row["documents"] for row in singles)
    return render(
        "events.html",
        title=f"Events of {name}",
        subtitle=f"{sum(total.values()):,} documents, {min(total)} to {max(total)}",
        counts={"events": len(events), "shown": min(len(events), ROWS), "lines": len(in_time), "outside": outside},
        least=least,
        step=axis.step,
        ticks=axis.ticks(),
        total=axis.bars(total),
        lines=[{**_shown(row), "bars": axis.bars(row["days"])} for row in in_time],
        events=[{**_shown(row), "bars": axis.bars(row["days"])} for row in events[:ROWS]],
        singles=[(row["first"], row["documents"], short(row["title"], TITLE)) for row in singles[:SINGLES]],
        singles_count=len(singles),
        pauses={row["event"]: pause for row in events[:ROWS] if (pause := _pause(row["days"])) > 7},
    )


def _shown(row: Row) -> Row:
    name = ", ".join(row["keywords"][:NAMED]) or short(row["title"], 60)
    return {**row, "name": name, "keywords": ", ".join(row["keywords"]), "title": short(row["title"], TITLE)}


def _pause(days: Mapping[str, int]) -> int:
    """The most days without a document between two that have some."""
    own = sorted(map(date.fromisoformat, days))
    return max(((after - before).days - 1 for before, after in pairwise(own)), default=0)
