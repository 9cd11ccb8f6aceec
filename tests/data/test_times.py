"""Times of files: what is read, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from bertkit.data.read.rows import Unusable
from bertkit.data.times import day_name, day_of, moment_name, seconds

NOON = 1_709_640_000.0
"""2024-03-05 12:00 UTC."""


@pytest.mark.parametrize(
    "value",
    [
        "2024-03-05 12:00",
        "2024-03-05T12:00:00",
        "2024-03-05T12:00:00Z",
        "2024-03-05 12:00:00 Z",
        "2024-03-05T13:00+01:00",
        "2024-03-05 07:00:00 -0500",
        " 2024-03-05T12:00:00.000 ",
        "1709640000",
        "1709640000.0",
        1709640000,
        1709640000.0,
        datetime(2024, 3, 5, 12),
        datetime(2024, 3, 5, 12, tzinfo=UTC),
        datetime(2024, 3, 5, 14, tzinfo=timezone(timedelta(hours=2))),
    ],
    ids=repr,
)
def test_all_are_noon(value: Any) -> None:
    assert seconds(value) == NOON


@pytest.mark.parametrize("value", ["2024-03-05", "20240305", 20240305, date(2024, 3, 5)], ids=repr)
def test_a_date_is_its_beginning(value: Any) -> None:
    assert moment_name(seconds(value)) == "2024-03-05T00:00:00Z"


@pytest.mark.parametrize(
    "value",
    [
        *("yesterday", "05.03.2024", "3/5/2024", "2024-13-01", "2024-02-30", "20241301", "7", "nan"),
        *(2024, -5, True, [1], {}, float("nan"), float("inf"), timedelta(1)),
    ],
    ids=repr,
)
def test_all_else_is_refused(value: Any) -> None:
    with pytest.raises(Unusable, match="is not a time"):
        seconds(value)


def test_milliseconds_and_missing_times_are_named() -> None:
    with pytest.raises(Unusable) as raised:
        seconds(1_709_640_000_000)
    assert "divide milliseconds by 1000" in raised.value.problem.remedy
    for value in (None, "", "  "):
        with pytest.raises(Unusable, match="is missing"):
            seconds(value)


def test_days_are_those_of_utc() -> None:
    assert day_name(day_of(seconds("2024-03-05T23:30-05:00"))) == "2024-03-06"
    assert day_name(day_of(seconds("1969-12-31T23:59"))) == "1969-12-31"
    assert moment_name(seconds("1969-12-31T23:59:58")) == "1969-12-31T23:59:58Z"
    assert day_name(day_of(seconds("0001-01-01T00:00+01:00"))) == "0001-01-01"  # before the first day there is
