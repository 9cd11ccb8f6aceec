"""An export held against the model that it is made from: all outputs on real rows, scores, size and speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from bertkit.engine.examples import Examples, Outputs, lengths_of, rows_of
from bertkit.engine.run import Progress, run
from bertkit.errors import RunError
from bertkit.inference import score as scoring
from bertkit.inference.predictor import Predictor
from bertkit.inference.score import Scores, Split
from bertkit.metrics import Metric

TOLERANCE = 1e-3
"""Largest difference of an output in float32; 1e-6 to 1e-4 is usual, for logits of order 10."""
APART = 0.01
"""Share of the examples that may have a larger one: a tie that is broken in another way changes a place by many."""
SHORT = 16
"""Tokens of the text that is timed alone."""
BULK = 20_000
"""Tokens that are timed in bulk, padding not counted."""
REPEATS = 25


@dataclass(frozen=True)
class Measured:
    """What an engine makes of the rows of a split."""

    outputs: Outputs
    scores: Scores


@dataclass(frozen=True)
class Speed:
    """Of one engine."""

    milliseconds: float
    """For a single example of about `SHORT` tokens: the median of `REPEATS`."""
    tokens: int
    """Of that example."""
    rows_per_second: float
    """In batches of its own default size: the better of two."""


def measure(predictor: Predictor, split: Split, metrics: Sequence[Metric], progress: Progress = iter) -> Measured:
    """Outputs, answers, figures and their intervals."""
    outputs, losses = run(predictor.backend, split.encoded.examples, predictor.collate, progress=progress)
    answers = predictor.task.decode(outputs, split.encoded, split.rows)
    figures, spans = scoring.measure(predictor.task, answers, split.rows, metrics, samples=scoring.SAMPLES)
    return Measured(outputs, Scores({**figures, **losses}, answers, spans))


def largest_differences(one: Outputs, other: Outputs) -> dict[str, float]:
    """Of each output its largest absolute difference over all examples."""
    return {name: max((_apart(a, b) for a, b in zip(one[name], other[name], strict=True)), default=0.0) for name in one}


def check_equal(one: Outputs, other: Outputs) -> None:
    """Raise a RunError if too many examples have other outputs than the model's."""
    apart = [
        max(_apart(one[name][number], other[name][number]) for name in one if isinstance(one[name], list))
        for number in range(len(next(iter(one.values()), ())))
    ]
    wrong = sum(not value <= TOLERANCE for value in apart)
    if wrong > APART * len(apart):
        what = f"{wrong:,} of {len(apart):,} examples have other outputs than the model (by up to {max(apart):.2g})"
        raise RunError.at("export", what, "sizes in `reduce` must be those of shapes (docs/export.md)")


def mean_change(one: Outputs, other: Outputs) -> float:
    """How far outputs are apart: mean absolute differences, each in units of the output's own mean size."""
    changes = []
    for name in one:
        pairs = [(np.ravel(a), np.ravel(b)) for a, b in zip(one[name], other[name], strict=True)]
        a, b = (np.concatenate(side) for side in zip(*pairs, strict=True))
        finite = np.isfinite(a) & np.isfinite(b)
        changes.append(np.abs(a - b)[finite].mean() / (np.abs(a)[finite].mean() + 1e-9))
    return float(sum(changes))


def points(metric: Metric, one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """How much worse `other` is in the metric's first figure: hundredths of a figure from 0 to 1 (or -1 to 1), of any
    other figure its own unit. An undefined figure costs nothing."""
    before, after = one[metric.keys[0]], other[metric.keys[0]]
    lost = (before - after) if metric.greater_is_better else (after - before)
    return 0.0 if lost != lost else lost * (100 if max(abs(before), abs(after)) <= 1 else 1)


def speeds(engines: Mapping[str, Predictor], examples: Examples) -> dict[str, Speed]:
    """The speed of engines that compute the same examples, in turns, so that other work on the machine slows all."""
    lengths = lengths_of(examples)
    short = examples[int(np.abs(lengths - SHORT).argmin())]
    count = max(1, int(np.searchsorted(np.cumsum(lengths), BULK)))
    bulk = [examples[number] for number in range(min(count, len(examples)))]
    rows = len(set(rows_of(bulk).tolist()))
    alone: dict[str, list[float]] = {name: [] for name in engines}
    many: dict[str, list[float]] = {name: [] for name in engines}
    for repeat in range(REPEATS + 5):
        for name, engine in engines.items():
            seconds = _seconds(lambda engine=engine: engine.backend.forward(engine.collate([short])))  # type: ignore[misc]
            alone[name] += [seconds] if repeat >= 5 else []
    for _ in range(2):
        for name, engine in engines.items():
            many[name].append(_seconds(lambda engine=engine: run(engine.backend, bulk, engine.collate)))  # type: ignore[misc]
    return {
        name: Speed(1000 * median(alone[name]), len(short["input_ids"]), rows / min(many[name])) for name in engines
    }


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _apart(one: Any, other: Any) -> float:
    """The largest absolute difference; infinity where only one of two values is finite."""
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if one.shape != other.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        difference = np.where(one == other, 0.0, np.abs(one - other))
    return float(np.where(np.isnan(difference), np.inf, difference).max(initial=0.0))
