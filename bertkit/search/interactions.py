"""What users liked, read or bought: rows of user and document -> the documents of each user, the oldest first."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from bertkit.data.columns.column import Column
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
    columns = (Column("user", "text"), Column("item", "text"))
    block = block.model_copy(update={"columns": {**block.columns, "user": names.user, "item": names.item}})
    users: dict[str, list[tuple[float, str, float]]] = {}
    time = names.time
    for taken in stream([source], columns, block):
        row, place = taken.row or {}, str((taken.row or {}).get("place", source))
        for parameter, name in (("time", names.time), ("weight", names.weight)):
            if name is not None and name not in taken.values:
                todo = did_you_mean(name, taken.values)
                raise DataError.at(Parameter(parameter), f"{name}: no such column in {source}", todo)
        if time is None and TIME in taken.values:
            time = TIME
        if time is None and timed:
            raise DataError.at(Parameter("half_life"), f"{source} has no column {TIME}", "name it with --time")
        when = _seconds(taken.values[time], time, place) if time else 0.0
        weight = _weight(taken.values[names.weight], place) if names.weight else 1.0
        users.setdefault(str(row["user"]), []).append((when, str(row["item"]), weight))
    found = {}
    for name, rows in users.items():
        rows.sort(key=lambda one: one[0])
        found[name] = History([one[1] for one in rows], [one[0] for one in rows], [one[2] for one in rows])
    return found


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
