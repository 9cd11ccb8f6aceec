"""What users liked, read or bought: rows of user and document -> the documents of each user, the oldest first."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from bertkit.data.read.rows import Unusable
from bertkit.data.stream import stream
from bertkit.data.times import seconds
from bertkit.errors import DataError, Parameter, did_you_mean
from bertkit.recipe.schema import DataBlock
from bertkit.search.profiles import History

TIME = "time"


class ColumnNames(NamedTuple):
    """Which columns hold what."""

    user: str
    item: str
    time: str | None = None
    """None: `time`, if there is such a column."""
    weight: str | None = None
    """None: every row counts 1."""


def read_users(source: str, block: DataBlock, names: ColumnNames, *, timed: bool = False) -> dict[str, History]:
    """The documents of each user, in order of time, rows of one time in order of the file.

    Args:
        timed: whether the times are needed.

    Raises:
        DataError: a column that is not there, or a row without a user, a document, a time or a weight that can be used.
    """
    users: dict[str, list[tuple[float, str, float]]] = {}
    time = names.time
    for taken in stream([source], (), block, keeps_all=True):
        place = str((taken.row or {}).get("place", source))
        for parameter, name in names._asdict().items():
            if name is not None and name not in taken.values:
                todo = did_you_mean(name, taken.values)
                raise DataError.at(Parameter(parameter), f"{name}: no such column in {source}", todo)
        if not users and time is None and TIME in taken.values:
            time = TIME
        elif users and names.time is None and (TIME in taken.values) != (time is not None):
            raise DataError.at(place, f"only some rows have the column {TIME}", "give every row one, or none")
        if time is None and timed:
            raise DataError.at(Parameter("half_life"), f"{source} has no column {TIME}", "name it with --time")
        when = _seconds(taken.values[time], time, place) if time else 0.0
        weight = _weight(taken.values[names.weight], place) if names.weight else 1.0
        user, item = (_name(taken.values[name], name, place) for name in (names.user, names.item))
        users.setdefault(user, []).append((when, item, weight))
    found = {}
    for name, rows in users.items():
        rows.sort(key=lambda one: one[0])
        found[name] = History([one[1] for one in rows], [one[0] for one in rows], [one[2] for one in rows])
    return found


def _name(value: Any, column: str, place: str) -> str:
    """A user or a document, which a file may write as a number."""
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise DataError.at(place, f"{column} is empty or no id: {value!r:.40}", "correct it, or leave the row out")
    return str(value)


def _seconds(value: Any, column: str, place: str) -> float:
    try:
        return seconds(value)
    except Unusable as error:
        raise DataError(error.about(column).at(place)) from error


def _weight(value: Any, place: str) -> float:
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = math.nan
    if not (weight > 0 and math.isfinite(weight)):
        raise DataError.at(place, f"the weight {value!r} is not a number above 0", "correct it, or leave the row out")
    return weight
