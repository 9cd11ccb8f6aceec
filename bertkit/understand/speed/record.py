"""Speeds as JSON values, and as the table of a terminal."""

from __future__ import annotations

from statistics import median
from typing import Any

from bertkit.understand.speed.measure import CellTimes
from bertkit.understand.speed.run import Speeds

Record = dict[str, Any]
HEADER = (
    *("tokens", "rows per call", "model", "device", "precision", "p50 ms", "p95 ms", "model alone ms"),
    *("rows/s", "tokens/s", "speed / first", "range", "calls"),
)


def record(found: Speeds) -> Record:
    """Everything, in seconds."""
    from bertkit.files.run_files import environment

    first = {one.cell: one for one in reversed(found.times)}
    return {
        "models": [{"name": one.name, "device": one.device, "precision": one.precision} for one in found.contenders],
        "times": [_times(one, first[one.cell]) for one in found.times],
        "notes": found.notes,
        "environment": environment(),
    }


def _times(one: CellTimes, first: CellTimes) -> Record:
    ratios = one.faster_than(first)
    middle = one.percentile(50)
    return {
        "model": one.contender.name,
        "device": one.contender.device,
        "precision": one.contender.precision,
        "rows_per_call": one.cell.batch,
        "length": one.cell.length,
        "tokens_per_call": one.tokens,
        "p50": middle,
        "p95": one.percentile(95),
        "model_p50": one.percentile(50, "model"),
        "rows_per_second": one.cell.batch / middle,
        "tokens_per_second": one.tokens / middle,
        "speed_to_first": median(ratios),
        "speed_to_first_range": [min(ratios), max(ratios)],
        "spread": one.spread,
        "calls": len(one.calls),
    }


def table(one: Record) -> list[tuple[str, ...]]:
    """A line per model, rows per call and length."""
    return [
        (
            "own rows" if times["length"] is None else str(times["length"]),
            str(times["rows_per_call"]),
            *(times["model"], times["device"], times["precision"]),
            *(_figure(1000 * times[name]) for name in ("p50", "p95", "model_p50")),
            *(_figure(times[name]) for name in ("rows_per_second", "tokens_per_second")),
            f"{times['speed_to_first']:.2f}",
            "{:.2f} to {:.2f}".format(*times["speed_to_first_range"]),
            str(times["calls"]),
        )
        for times in one["times"]
    ]


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
