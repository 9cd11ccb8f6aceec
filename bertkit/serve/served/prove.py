"""Proof that a server answers as `bertkit predict` does: rows of the Run itself, asked over HTTP, compared with the
answers of its predictor."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Any

from bertkit.errors import BertkitError, RunError
from bertkit.inference.columns import AnswerColumns
from bertkit.serve.served.model import Served, in_thread

if TYPE_CHECKING:
    from bertkit.serve.service import Service

log = logging.getLogger("bertkit")

TOLERANCE = 1e-4
"""Largest difference of two numbers: batches differ, so sums are in another order."""


async def prove(service: Service, served: Served, count: int, *, ask: Any = None) -> float:
    """Compare the answers of a model with those of its predictor.

    Args:
        count: how many rows of its validation data; where that is not there, those that its task is tested with.
        ask: `(name, rows) -> columns of the answers`, over HTTP; None: by the queue alone.

    Returns:
        the largest difference of two numbers.

    Raises:
        RunError: they differ by more than `TOLERANCE`.
    """
    if not count:
        return 0.0
    rows = await in_thread(service.threads.searches, own_rows, served, count)
    columns = AnswerColumns("all")
    task = served.predictor.task
    expected = await in_thread(service.threads.devices[0], served.predictor.predict, rows, quiet=True)
    wanted = [columns.of(task, one) for one in expected]
    if ask is None:
        _, replies = await served.predict(rows, timeout=None)
        given = [columns.of(task, one.answer) for one in replies]
    else:
        parts = [rows[start : start + 8] for start in range(0, len(rows), 8)]
        given = [one for part in await asyncio.gather(*(ask(served.name, part) for part in parts)) for one in part]
    largest = max((difference(a, b) for a, b in zip(wanted, given, strict=True)), default=0.0)
    if largest > TOLERANCE:
        what = f"served answers differ from those of predict by {largest:.2g}, more than {TOLERANCE:g}"
        raise RunError.at(served.name, what, "report this: it is a fault of the server")
    log.info("%s: %d rows answered over HTTP as predict does; largest difference %.1g", served.name, len(rows), largest)
    return largest


def own_rows(served: Served, count: int) -> list[dict[str, Any]]:
    """Rows of a Run's validation data, without answers."""
    task = served.predictor.task
    hidden = {column.name for column in task.columns if column.answer}
    found: Any = task.tiny_rows()
    if served.run is not None:
        try:
            found = task.read(served.run.recipe_with([f"data.limit={{validation: {count}}}"]), ["validation"])[
                "validation"
            ]
        except (BertkitError, OSError, KeyError) as error:
            log.warning(
                "%s: its validation data is not there (%s); a few rows of the task are asked", served.name, error
            )
    rows = [dict(found[number]) for number in range(min(count, len(found)))]
    return [{name: value for name, value in row.items() if name not in hidden} for row in rows]


def difference(one: Any, other: Any) -> float:
    """The largest difference of two numbers at one place; infinite where anything else differs."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return max((difference(one[name], other[name]) for name in one), default=0.0)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        return max((difference(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers) and not isinstance(one, bool):
        return abs(one - other) if math.isfinite(one) and math.isfinite(other) else (0.0 if one == other else math.inf)
    return 0.0 if one == other else math.inf
