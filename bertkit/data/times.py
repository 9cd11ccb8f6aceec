"""Times as files write them -> seconds since 1970, and days.

A time without a zone is taken as UTC, and a day is one of UTC: files say nothing better, and a day must be the same for
all documents. ISO 8601 is what Python's `fromisoformat` reads.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from bertkit.data.read.rows import Unusable

DAY = 86_400.0
"""Seconds."""
EPOCH = date(1970, 1, 1).toordinal()
LEAST_UNIX, MOST_UNIX = 1e8, 1e10
"""Seconds: 1973 and 2286. A number outside is rather a year, a date or milliseconds."""
REMEDY = "write 2024-03-05, 2024-03-05T14:00, 2024-03-05T14:00+01:00 or Unix seconds"

_DATE = re.compile(r"[12]\d{7}", re.ASCII)
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_ZONE = re.compile(r"\s+(?=(?:[+-]\d\d:?\d\d|Z)$)", re.ASCII)


def seconds(value: Any) -> float:
    """A date, a date and time, or Unix seconds, as seconds since 1970.

    Args:
        value: a text, a number, or what Parquet, Arrow and Excel hold; `20240305` is a date.

    Raises:
        Unusable: anything else.
    """
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC).timestamp()
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Unusable("is missing", "every document needs one; to leave such rows out use -s data.bad_rows=skip")
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _unusable(value)
    text = _ZONE.sub("", str(value).strip())
    if _NUMBER.fullmatch(text) and not _DATE.fullmatch(text):
        return _unix(value, text)
    try:
        return seconds(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise _unusable(value) from None


def day_of(moment: float) -> int:
    """The day of a time in seconds, counted from 1970-01-01."""
    return math.floor(moment / DAY)


def day_name(day: int) -> str:
    """`2024-03-05`."""
    return date.fromordinal(min(max(EPOCH + day, 1), date.max.toordinal())).isoformat()


def moment_name(moment: float) -> str:
    """`2024-03-05T14:00:00Z`; fractions of a second are cut."""
    day = day_of(moment)
    rest = int(moment - day * DAY)
    return f"{day_name(day)}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}Z"


def _unix(value: Any, text: str) -> float:
    number = float(text)
    if number >= MOST_UNIX:
        raise Unusable("is not a time", "Unix times are in seconds: divide milliseconds by 1000", detail=_shown(value))
    if number < LEAST_UNIX:
        raise _unusable(value)
    return number


def _unusable(value: Any) -> Unusable:
    return Unusable("is not a time", REMEDY, detail=_shown(value))


def _shown(value: Any) -> str:
    return f"{value!r:.40}"
