"""The page of tracked events."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from bertkit.report.events import BINS, LINES, SINGLES, TICKS, Axis, page


def row(number: int, days: dict[str, int], *, single: bool = False, **more: Any) -> dict[str, Any]:
    peak = max(days, key=lambda day: days[day])
    return {
        "event": number,
        "single": single,
        "documents": sum(days.values()),
        "first": min(days),
        "peak": peak,
        "last": max(days),
        "keywords": [f"word{number}", "storm"],
        "title": f"title {number}",
        "days": days,
        **more,
    }


STORM = row(1, {"2031-01-06": 2, "2031-01-07": 5, "2031-01-20": 1})
VOTE = row(2, {"2031-01-04": 4, "2031-01-05": 6})
ALONE = row(3, {"2031-01-09": 1}, single=True)


def test_a_page_of_two_events() -> None:
    text = page("news", [STORM, VOTE, ALONE], 3)
    assert "<title>Events of news · bertkit</title>" in text
    assert "19 documents, 2031-01-04 to 2031-01-20" in text
    assert "2 events of at least 3 documents." in text
    assert "1 document belongs to none of them" in text
    lines = re.findall(r'<a href="#event-(\d)">', text)
    assert lines == ["2", "1"]  # by first day
    assert re.findall(r'<tr id="event-(\d)">', text) == ["2", "1"]  # by documents
    cells = re.findall(r'<tr id="event-1">(.*?)</tr>', text, re.DOTALL)[0]
    assert "<b>word1, storm</b>title 1" in cells
    assert re.findall(r'"day">(.*?)<', cells) == ["2031-01-06", "2031-01-07", "2031-01-20"]
    assert "<title>2031-01-07: 5 documents</title>" in cells
    assert "<title>2031-01-20: 1 document</title>" in cells
    assert "pause of 12 days" in cells
    assert "title 3" in text


def test_texts_are_escaped_and_nothing_is_loaded() -> None:
    text = page("<i>", [{**STORM, "title": "<b>x</b> \u202e", "keywords": ["<u>"]}], 3)
    assert "&lt;b&gt;x&lt;/b&gt; \\u202e" in text
    assert "&lt;u&gt;" in text
    assert "<u>" not in text and "<i>" not in text
    assert not re.search(r"https?://|<(script|link|img|iframe)|src=|url\(|@import", text)
    assert "prefers-color-scheme: dark" in text


def test_no_event_yet() -> None:
    text = page("news", [ALONE], 3)
    assert "No event has 3 documents yet." in text
    assert "Time line" not in text
    assert "1 document in groups of fewer than 3" in text


def test_bars_lie_where_their_days_are() -> None:
    axis = Axis.of(["2031-01-01", "2031-01-10"])
    first, last = axis.bars({"2031-01-01": 1, "2031-01-10": 4})
    assert (first.left, first.width, first.height) == (0, 10, 25)
    assert (last.left, last.width, last.height) == (90, 10, 100)


def test_many_days_share_bars() -> None:
    axis = Axis.of(["2030-01-01", "2031-02-01"])
    assert axis.step == 4
    (bar,) = axis.bars({"2030-01-01": 1, "2030-01-03": 2})
    assert bar.said == "2030-01-01 to 2030-01-04: 3 documents"
    every = axis.bars({str(date(2030, 1, 1) + timedelta(n)): 1 for n in range(axis.days)})
    assert len(every) <= BINS
    assert every[-1].left + every[-1].width == pytest.approx(100)
    assert every[-1].said == "2031-02-01: 1 document"
    assert every[-2].said == "2031-01-28 to 2031-01-31: 4 documents"


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        ("2031-01-05", "2031-01-05", ["5 Jan"]),
        ("2031-01-05", "2031-01-08", ["5 Jan", "6 Jan", "7 Jan", "8 Jan"]),
        ("2031-01-03", "2031-02-03", ["3 Jan", "7 Jan", "11 Jan", "15 Jan", "19 Jan", "23 Jan", "27 Jan", "31 Jan"]),
        ("2031-01-15", "2031-07-02", ["Feb 2031", "Mar 2031", "Apr 2031", "May 2031", "Jun 2031", "Jul 2031"]),
        ("2020-06-01", "2026-01-01", ["2021", "2022", "2023", "2024", "2025", "2026"]),
    ],
)
def test_days_above_the_bars(first: str, last: str, names: list[str]) -> None:
    ticks = Axis.of([first, last]).ticks()
    assert [name for _, name in ticks] == names
    assert all(0 <= left < 100 for left, _ in ticks)
    assert len(Axis.of(["1900-01-01", last]).ticks()) <= TICKS


def test_the_ends_of_the_calendar() -> None:
    axis = Axis.of(["0001-01-01", "9999-12-31"])
    assert 2 <= len(axis.ticks()) <= TICKS
    (bar,) = axis.bars({"9999-12-31": 1})
    assert bar.said.endswith(" to 9999-12-31: 1 document")


def test_hundreds_of_events_are_shortened_not_dropped() -> None:
    events = [row(n, {str(date(2031, 1, 1) + timedelta(n % 60)): 5}) for n in range(500)]
    singles = [row(500 + n, {"2031-01-01": 1}, single=True) for n in range(300)]
    text = page("news", events + singles, 3)
    assert text.count('<a href="#event-') == LINES
    assert text.count('<tr id="event-') == 500
    assert "The 40 largest events, by their first day." in text
    assert f"The first {SINGLES} groups are shown; events.jsonl has all." in text
    assert len(text) < 2_000_000
