"""Rows of a file -> documents with a time, in order of time.

The texts of one input are in memory. A document is known again by its id or, without one, by the hash of its time and
text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

from bertkit.data.columns import paths
from bertkit.data.columns.column import Column
from bertkit.data.read.readers import read
from bertkit.data.read.rows import BadRows, Record, Unusable
from bertkit.data.read.sources import Source
from bertkit.data.times import seconds
from bertkit.errors import DataError, Parameter, did_you_mean, name_some
from bertkit.inference.bulk.input import BulkInput, opened
from bertkit.recipe.schema import DataBlock

TIMES = ("time", "date", "published")
"""Columns of times, if none is named."""
TIME = Column("time", "text", required=False, answer=True)
"""An answer, so that it is not read as a text: a Parquet file holds times."""
COLUMNS = (Column("text", "text"), TIME)


class TimedText(NamedTuple):
    """A document."""

    id: str
    """Its own or, where the file has none, `text:` and the hash of time and text."""
    time: float
    """Seconds since 1970."""
    text: str


def read_documents(source: str, block: DataBlock, time: str | None) -> list[TimedText]:
    """The documents of an input, by time; of equal times in the order of the input.

    Args:
        source: see `sources.expand`.
        time: the column of times; default: the one of `TIMES` that is there.

    Raises:
        DataError: no such column, or rows that can not be used, with their places.
    """
    time = time or _one(block.columns.get("time"))
    rest = {name: place for name, place in block.columns.items() if name != "time"}
    block = block.model_copy(update={"columns": rest})
    with opened(source, COLUMNS, block, keep_bad=True) as given:
        name = _time_column(given.sources, block, time)
        mapped = block.model_copy(update={"columns": {**rest, "time": name}})
        found = _read(BulkInput(given.sources, COLUMNS, mapped, keep_bad=True), name)
    if not found:
        raise DataError.at(source, "no row can be used", "see the rows left out above")
    return sorted(found, key=lambda one: one.time)


def _one(place: str | list[str] | None) -> str | None:
    return place if isinstance(place, str) or place is None else place[0]


def _read(given: BulkInput, name: str) -> list[TimedText]:
    """The documents in the order of the rows; empty texts and times that are none are errors, or left out."""
    found, bad = [], BadRows(given.block.bad_rows)
    with closing(given.rows()) as rows:
        for taken in rows:
            if taken.row is None:
                assert taken.problem
                bad.add(taken.problem)
                continue
            try:
                moment = seconds(paths.get(taken.values, name))
            except Unusable as error:
                bad.add(error.about("time" if name == "time" else f"time (column {name})").at(taken.row["place"]))
            else:
                text = taken.row["text"]
                found.append(TimedText(taken.row["id"] or _hash(moment, text), moment, text))
    bad.settle()
    return found


def _hash(moment: float, text: str) -> str:
    return f"text:{hashlib.sha256(f'{moment} {text}'.encode()).hexdigest()[:24]}"


def _time_column(sources: Sequence[Source], block: DataBlock, time: str | None) -> str:
    """The column that was named, or the one that is there."""
    records = read(sources[0], block, BadRows("skip"))
    first = next(records, None)
    if first is None:
        raise DataError.at(sources[0].name, "no row can be used", "is this the right file?")
    if time is not None:
        if not paths.there(first.values, time):
            what = f"{sources[0].name}: no column {time}"
            raise DataError.at(Parameter("time"), what, did_you_mean(time, first.values))
        return time
    there = [name for name in TIMES if name in first.values]
    if len(there) == 1:
        return there[0]
    raise _no_column(sources[0].name, first, there)


def _no_column(source: str, first: Record, there: Sequence[str]) -> Exception:
    if there:
        return DataError.at(
            Parameter("time"), f"{source}: the columns {' and '.join(there)} may hold the time", f"--time {there[0]}"
        )
    fit = next((name for name, value in first.values.items() if _is_time(value)), "COLUMN")
    what = f"{source}: no column {', '.join(TIMES[:-1])} or {TIMES[-1]}; the columns here: {name_some(first.values)}"
    return DataError.at(Parameter("time"), what, f"name the one that holds the time: --time {fit}")


def _is_time(value: Any) -> bool:
    try:
        seconds(value)
    except Unusable:
        return False
    return True
