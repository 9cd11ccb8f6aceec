"""Points in time, as files write them."""

from __future__ import annotations

import datetime
import math
import re
from typing import Any

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
EXPECTED = "a date as 2026-03-05, a time as 2026-03-05T14:00:00Z, or seconds since 1970"


def seconds_of(value: Any) -> float | None:
    """Seconds since 1970; of a time without a zone, as if it were in UTC. None: it is none.

    Args:
        value: a date or time of Python, ISO 8601 as a text (also with a space, or `/` and `.` between year, month and
            day), or seconds since 1970, as a number or a text.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER.fullmatch(text) and len(text.split(".")[0].lstrip("+-")) != 8:  # 20260305 is a date
            return float(text)
        value = _parsed(text)
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime.datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=datetime.UTC)).timestamp()


def _parsed(text: str) -> datetime.datetime | None:
    text = re.sub(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})", lambda m: f"{m[1]}-{int(m[2]):02}-{int(m[3]):02}", text)
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
