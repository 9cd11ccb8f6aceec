"""Other columns of the files that rows came from, for slices: a source, a date, an annotator."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from bertkit.data.columns.column import Column
from bertkit.data.columns.mapping import names_of
from bertkit.data.stream import stream
from bertkit.errors import BertkitError
from bertkit.recipe.schema import DataBlock
from bertkit.understand.errors.pool import Pool
from bertkit.warn import collect

log = logging.getLogger("bertkit")


def other_columns(pool: Pool, sources: Sequence[str], columns: Sequence[Column], block: DataBlock) -> dict[str, Any]:
    """Name -> a value per row of the pool, None where a row has none; of columns that the task does not read.

    Values that are lists or objects do not count. Rows that a task reads in a way of its own have no such columns.
    """
    known = {name for column in columns for name in names_of(block.columns.get(column.name, column.name))}
    known |= {column.name for column in columns} | {"id", "document"}
    by_place: dict[str, dict[str, Any]] = {}
    level = log.level
    log.setLevel(logging.ERROR)  # what there is to say of these files was said when they were read
    try:
        with collect():
            for one in stream(sources, columns, block, keeps_all=True, paced=False):
                if one.row is not None:
                    by_place[one.row["place"]] = one.values
    except BertkitError:
        return {}
    finally:
        log.setLevel(level)
    values = [by_place.get(place, {}) for place in pool.places]
    names = [name for name in dict.fromkeys(name for row in values for name in row) if name not in known]
    found = {name: [_scalar(row.get(name)) for row in values] for name in names}
    return {name: column for name, column in found.items() if any(value is not None for value in column)}


def _scalar(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else None
