"""A profile as JSON values, and as the tables and sentences of a terminal."""

from __future__ import annotations

from typing import Any

import numpy as np

from bertkit.understand.profile.bottlenecks import healthy, ms
from bertkit.understand.profile.clock import LOADING, OTHER, PHASES, TRANSFER
from bertkit.understand.profile.run import Profile
from bertkit.understand.profile.steps import WARM, MeasuredSteps

Record = dict[str, Any]
MEGA = 1e6
PERCENTILE = 95


def record(found: Profile) -> Record:
    """Everything, in seconds, bytes and shares."""
    from bertkit.files.run_files import environment

    steps, trace = found.steps, found.trace
    verdict = found.bottlenecks[0].sentence if found.bottlenecks else healthy(steps, found.tried)
    return {
        "name": found.name,
        "device": found.device,
        "steps": {"warm_up": WARM, "measured": len(steps.seconds)},
        "seconds_per_step": {
            "mean": steps.step,
            "median": steps.typical,
            f"p{PERCENTILE}": float(np.percentile(steps.each, PERCENTILE)),
        },
        "before": found.before,
        "phases": _phases(found),
        "memory": steps.memory,
        "rates": _rates(found),
        "padding_free": found.padding_free,
        "padding": steps.padding,
        "workers": steps.workers,
        "tried": [vars(one) for one in found.tried],
        "with_workers": _with_workers(found.with_workers),
        "verdict": verdict,
        "bottlenecks": [one.record() for one in found.bottlenecks],
        "trace": None if trace is None else _trace(trace),
        "environment": environment(),
    }


def _phases(found: Profile) -> list[Record]:
    steps = found.steps
    means, there = steps.means, steps.in_workers
    if found.device == "cpu":  # nothing is copied
        means[OTHER] += means.pop(TRANSFER)
    return [
        {
            "phase": phase,
            "does": PHASES[phase],
            "seconds": means[phase],
            "share": means[phase] / steps.step,
            "workers": there.get(phase, 0.0) if phase in LOADING else 0.0,
            "before": found.before.get(phase, 0.0) if phase in LOADING else 0.0,
            "peak": steps.peaks.get(phase),
        }
        for phase in PHASES
        if phase in means
    ]


def _rates(found: Profile) -> Record:
    steps = found.steps
    examples, tokens = steps.per_step("examples"), steps.per_step("tokens")
    rows = examples * found.rows["train"] / max(1, found.examples)  # a row may have several windows
    encoded = sum(found.rows.values())
    spent = found.before.get("encode", 0.0)
    micro = max(1.0, steps.per_step("micro"))
    return {
        "rows_per_second": rows / steps.step,
        "tokens_per_second": tokens / steps.step,
        "rows_per_step": rows,
        "tokens_per_batch": tokens / micro,
        "rows_encoded_per_second": encoded / spent if spent else None,
    }


def _with_workers(steps: MeasuredSteps | None) -> Record | None:
    return None if steps is None else {"workers": steps.workers, "seconds_per_step": steps.step}


def _trace(trace: Any) -> Record:
    return {"file": trace.file.name, "steps": trace.steps, "events": trace.events, "note": trace.note()}


def table(one: Record) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows: a line per phase."""
    workers = bool(one["workers"])
    header = ("phase", "per step", "share", *(("in workers",) if workers else ()), "before", "peak MB", "what it does")
    rows = []
    for phase in one["phases"]:
        peak = "" if phase["peak"] is None else f"{phase['peak'] / MEGA:,.0f}"
        cells = (phase["phase"], ms(phase["seconds"]), f"{phase['share']:.1%}")
        there = (ms(phase["workers"]) if phase["workers"] else "",) if workers else ()
        rows.append((*cells, *there, ms(phase["before"]) if phase["before"] else "", peak, phase["does"]))
    return header, rows


def summary(one: Record) -> list[str]:
    """Sentences under the table."""
    step, rates = one["seconds_per_step"], one["rates"]
    lines = [
        f"a step takes {ms(step['median'])} (median of {one['steps']['measured']}; 95% of them at most "
        f"{ms(step[f'p{PERCENTILE}'])}) on {one['device']}",
        f"{rates['rows_per_second']:,.1f} rows/s, {rates['tokens_per_second']:,.0f} tokens/s, "
        f"{rates['tokens_per_batch']:,.0f} tokens per batch",
        _of_padding(one),
        f"peak MB: {one['memory']}",
    ]
    if rates["rows_encoded_per_second"]:
        lines.append(f"tokenizing before the training: {rates['rows_encoded_per_second']:,.0f} rows/s")
    return lines


def conclusion(one: Record) -> list[str]:
    """The bottleneck, and what else is worth a change."""
    first, *others = [part["sentence"] for part in one["bottlenecks"]] or [""]
    if not first:
        return [one["verdict"]]
    return [f"bottleneck: {first}", *(f"also: {other}" for other in others)]


def _of_padding(one: Record) -> str:
    share = f"{one['padding']:.0%} of the tokens of the padded batches are padding"
    return f"{share}, which the model leaves out" if one["padding_free"] else f"{share}, and are computed"
