"""Long work is reported every ten seconds, with its rate and the time left; short work is not."""

from __future__ import annotations

import logging

import pytest

from bertkit import progress
from bertkit.progress import Pace, clock, per_second
from tests.helpers import messages


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """Sets the clock, in seconds."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])

    def set_to(seconds: float) -> None:
        now[0] = seconds

    return set_to


def test_a_line_every_ten_seconds(at, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bertkit"):
        pace = Pace("reading a.csv")
        for second in range(1, 26):
            at(second)
            pace.step(1000)
    assert messages(caplog) == [
        "reading a.csv: 10,000 rows, 1,000 rows/s",
        "reading a.csv: 20,000 rows, 1,000 rows/s",
    ]


def test_the_time_left_where_the_total_is_known(at, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "bertkit"):
        pace = Pace("predicting", 4, unit="batches")
        at(9.9)
        pace.step()
        assert messages(caplog) == []
        at(200)
        pace.step()
    assert messages(caplog) == ["predicting: 2 of 4 batches, 0.01 batches/s, 3:20 left"]


def test_a_rate_is_never_nothing() -> None:
    assert per_second(12345.6, "samples") == "12,346 samples/s"
    assert per_second(0.0312, "samples") == "0.031 samples/s"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3600, "1:00:00"), (36061, "10:01:01")]
)
def test_times_are_read_at_a_glance(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
