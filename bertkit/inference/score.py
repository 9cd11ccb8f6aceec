"""Score a model on rows: outputs -> answers -> figures. Training and evaluation both use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bertkit.engine.run import Collate, Progress, run
from bertkit.tasks.task import Answer, Encoded, Rows, Task

if TYPE_CHECKING:
    from bertkit.engine.backends.backend import Backend
    from bertkit.metrics import Metric

SAMPLES = 1000
"""Bootstrap samples per confidence interval (Efron & Tibshirani 1993, section 13.3)."""

LEARNT = 20_000
"""Most training rows that a task learns from the trained model's outputs: twenty times as many as the features of a
large encoder."""


@dataclass(frozen=True)
class Split:
    """Rows of one split with their examples."""

    name: str
    rows: Rows
    encoded: Encoded


def sampled(split: Split, most: int = LEARNT) -> Split:
    """The split, or so many of its rows, drawn once for all."""
    import numpy as np

    if len(split.rows) <= most:
        return split
    chosen = np.sort(np.random.default_rng(0).permutation(len(split.rows))[:most]).tolist()
    places = {row: place for place, row in enumerate(chosen)}
    examples = [{**one, "row": places[one["row"]]} for one in split.encoded.examples if one["row"] in places]
    return Split(split.name, [split.rows[row] for row in chosen], replace(split.encoded, examples=examples))


@dataclass(frozen=True)
class Scores:
    """Results of a model on a split. `intervals` has a 95% confidence interval for each figure except the losses."""

    figures: dict[str, float]
    answers: list[Answer]
    intervals: dict[str, tuple[float, float]]


def score(
    task: Task,
    backend: Backend,
    split: Split,
    collate: Collate,
    metrics: Sequence[Metric],
    *,
    tune: bool = False,
    train: Split | None = None,
    intervals: bool = False,
    progress: Progress = iter,
) -> Scores:
    """Figures of a model on a split.

    Args:
        tune: choose the task's thresholds on this split first (the validation split alone).
        train: the training rows, at the end of a training: the task is calibrated before, and may learn from the
            model's outputs for these rows (`Task.learn`).
        intervals: whether to bootstrap confidence intervals.
    """
    if train is not None and task.learns_from_outputs:
        some = sampled(train)
        task.learn(run(backend, some.encoded.examples, collate, progress=progress)[0], some.encoded, some.rows)
    outputs, losses = run(backend, split.encoded.examples, collate, progress=progress)
    if train is not None:
        task.calibrate(outputs, split.encoded, split.rows)
    answers = task.decode(outputs, split.encoded, split.rows)
    if tune:
        before = dict(task.state)
        task.tune(answers, split.rows)
        if task.state != before:
            answers = task.decode(outputs, split.encoded, split.rows)
    figures, spans = measure(task, answers, split.rows, metrics, samples=SAMPLES if intervals else 0)
    return Scores({**figures, **losses}, answers, spans)


def sanity_checks(task: Task, answers: list[Answer], rows: Rows) -> list[str]:
    """Why the figures of these answers say less than they seem to: the task's own checks; of any task, one answer for
    all rows."""
    if found := task.sanity_checks(answers, rows):
        return found
    predicted, expected = task.compare(answers, rows, task.takes)
    if _alike(predicted) and not _alike(expected):
        return [f"all {len(answers):,} rows have the same answer"]
    return []


def _alike(values: Sequence[Any]) -> bool:
    import numpy as np

    return all(np.array_equal(value, values[0]) for value in values)


def measure(
    task: Task, answers: list[Answer], rows: Rows, metrics: Sequence[Metric], *, samples: int = 0
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Figures of answers by these metrics and the task's own; with `samples` also bootstrap intervals over rows."""
    from bertkit.metrics import intervals

    figures: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}
    for metric in [*metrics, *task.own_metrics()]:
        predictions, references = task.compare(answers, rows, metric.takes)
        figures |= metric(predictions, references)
        if samples:
            spans |= intervals(metric, predictions, references, samples=samples)
    return figures, spans
