"""Proof that a server answers as `bertkit predict` does: rows of the Run itself, asked over HTTP, compared with the
answers of its predictor."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, Any

from bertkit.errors import BertkitError, RunError
from bertkit.inference.columns import AnswerColumns
from bertkit.serve.served.model import Served
from bertkit.serve.served.threads import in_thread

if TYPE_CHECKING:
    from bertkit.serve.service import Service

log = logging.getLogger("bertkit")

TOLERANCE = 1e-4
"""Largest difference of two numbers, relative to those above 1: batches differ, so sums are in another order."""
COARSE = 0.05
"""The same, of exported models, which may be in int8, and in half precision: their rounding depends on the batch."""
PART, AT_ONCE = 8, 2
"""Rows of a request, and requests at once."""


async def prove(service: Service, served: Served, count: int, *, ask: Any = None) -> float:
    """Compare the answers of a model with those of its predictor.

    Args:
        count: how many rows of its validation data; where that is not there, those that its task is tested with.
        ask: `(name, rows) -> columns of the answers`, over HTTP; None: by the queue alone.

    Returns:
        the largest difference of two numbers.

    Raises:
        RunError: they differ by more than `TOLERANCE` or `COARSE`, or there are no rows.
    """
    if not count:
        return 0.0
    rows = await in_thread(service.threads.searches, own_rows, served, count)
    if not rows:
        raise RunError.at(served.name, "there are no rows to prove its answers with", "leave --prove out")
    columns = AnswerColumns("all")
    task = served.predictor.task
    expected = await in_thread(service.threads.worker(0), served.predictor.predict, rows, quiet=True)
    wanted = [columns.of(task, one) for one in expected]
    size = len(rows) if task.margin(served.predictor.limit) else PART  # a row may need those beside it
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    free = asyncio.Semaphore(AT_ONCE)

    async def answered(part: list[dict[str, Any]]) -> list[dict[str, Any]]:
        async with free:
            if ask is not None:
                return await ask(served.name, part)
            _, replies = await served.predict(part, timeout=None)
            return [columns.of(task, one.answer) for one in replies]

    given = [one for part in await asyncio.gather(*map(answered, parts)) for one in part]
    largest = max((difference(a, b) for a, b in zip(wanted, given, strict=True)), default=0.0)
    backend = served.predictor.backend
    most = TOLERANCE if backend.name == "torch" and backend.precision == "float32" else COARSE
    if largest > most:
        what = f"served answers differ from those of predict by {largest:.2g}, more than {most:g}"
        raise RunError.at(served.name, what, "report this: it is a fault of the server")
    how = "over HTTP " if ask is not None else ""
    log.info("%s: %d rows answered %sas predict does; largest difference %.1g", served.name, len(rows), how, largest)
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
    """The largest difference of two numbers at one place, relative to those above 1; infinite where anything else
    differs."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return max((difference(one[name], other[name]) for name in one), default=0.0)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        return max((difference(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers) and not isinstance(one, bool):
        if not (math.isfinite(one) and math.isfinite(other)):
            return 0.0 if one == other else math.inf
        return abs(one - other) / max(1.0, abs(one))
    return 0.0 if one == other else math.inf
