"""Points in time, as files write them."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pytest

from bertkit.data.times import seconds_of

DAY = 1772668800.0
"""2026-03-05, midnight in UTC."""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2026-03-05", DAY),
        ("20260305", DAY),
        ("2026/3/5", DAY),
        ("2026.03.05", DAY),
        (" 2026-03-05T01:00:00Z ", DAY + 3600),
        ("2026-03-05 01:00", DAY + 3600),
        ("2026-03-05T01:00:00+01:00", DAY),
        ("1772668800", DAY),
        ("1772668800.5", DAY + 0.5),
        (1772668800, DAY),
        (1772668800.25, DAY + 0.25),
        (0, 0.0),
        ("-1", -1.0),
        (datetime.date(2026, 3, 5), DAY),
        (datetime.datetime(2026, 3, 5), DAY),
        (datetime.datetime(2026, 3, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=1))), DAY - 3600),
    ],
)
def test_times_that_can_be_read(value: Any, seconds: float) -> None:
    assert seconds_of(value) == seconds


@pytest.mark.parametrize(
    "value", [None, True, "", "soon", "5.3.2026", "2026-13-01", "2026-02-30", math.nan, math.inf, []]
)
def test_what_is_no_time(value: Any) -> None:
    assert seconds_of(value) is None
