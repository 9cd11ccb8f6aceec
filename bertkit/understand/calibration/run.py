"""`bertkit calibration`: is an answer with confidence 0.9 right nine times in ten, and what if the unsure are left out?

    record = judge(Run.open("runs/support"), data=["test.csv"])
    record["splits"]["test.csv"]["calibrated"]["calibration_error"]

Scaling and thresholds were fitted on the validation rows, which they therefore flatter: the figures of other rows are
those to believe, and stand beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bertkit.engine.cache import encode
from bertkit.engine.run import Progress, run
from bertkit.errors import DataError, Parameter, RunError
from bertkit.inference.evaluate import read_rows
from bertkit.inference.predictor import Predictor
from bertkit.metrics import Metric, intervals
from bertkit.metrics.classification import confidence_error, confidence_gaps, of_gaps
from bertkit.metrics.metric import Array
from bertkit.metrics.reliability.coverage import (
    CoveragePoint,
    area_under_errors,
    at_threshold,
    coverage_curve,
    error_interval,
    thinned,
    threshold_for,
)
from bertkit.metrics.reliability.decisions import reliability, reliability_bins
from bertkit.run import Run
from bertkit.tasks.confidence.abstention import by_row, points_of
from bertkit.tasks.task import Answer, Rows, Task
from bertkit.warn import collect, lines

ERROR_RATES = (0.01, 0.02, 0.05, 0.1)
FEW = 100
"""Decisions below which the record says that its figures are rough."""
SAMPLES = 1000
OPTION = "calibrate"
"""The option of tasks that scale their scores."""
ProgressOf = Callable[[str], Progress]
"""What is done -> how its progress is shown."""


class _Judged(NamedTuple):
    """Rows with their answers."""

    name: str
    rows: int
    decisions: dict[str, tuple[Array, Array]]
    """`calibrated`, and where the Run scales its scores `raw`: confidence and whether it is right, `(decision,)`."""
    confidence: Array
    """`(row,)`, nan where a row has none."""
    right: Array
    """`(row,)`."""
    owners: Array
    """`(decision,)`: its row."""


def judge(
    opened: Run,
    *,
    data: Sequence[str] = (),
    sets: Sequence[str] = (),
    error_rates: Sequence[float] = ERROR_RATES,
    progress: ProgressOf = lambda _: iter,
) -> dict[str, Any]:
    """The record of a Run, as JSON values.

    Args:
        data: other rows than the validation rows, in place of the recipe's test rows.
        sets: how rows are read, as `data.KEY=VALUE`.
        error_rates: shares of wrong answers to choose thresholds for.

    Raises:
        BertkitError: rows that can not be read, a task without confidence, or a share that is none.
    """
    if wrong := [rate for rate in error_rates if not 0 <= rate < 1]:
        what = f"{wrong[0]:g}: no share of the answers"
        raise DataError.at(Parameter("error_rate"), what, "from 0 to below 1, as 0.02")
    recipe = opened.recipe_with(sets)
    predictor = Predictor.open(opened)
    curve = points_of(opened.metrics.get("abstention", []))
    judged, notes = [], []
    with collect() as warned:
        try:
            judged.append(_judged(predictor, *read_rows(predictor.task, recipe, split="validation"), progress))
        except DataError as error:
            if not data or not curve:
                raise
            notes.append(f"the validation rows are gone ({error}): thresholds are those that the Run kept")
        if data or recipe.data.test:
            name, rows = read_rows(predictor.task, recipe, data=data)
            name = ", ".join(data) or name
            judged.append(_judged(predictor, f"{name} (--data)" if name == "validation" else name, rows, progress))
    if not any(len(one.decisions["calibrated"][0]) for one in judged):
        what = f"the answers of the task {recipe.task} have no confidence"
        raise RunError.at(str(opened.path), what, "there is nothing to calibrate")
    return {
        "run": opened.name,
        "task": recipe.task,
        "scaling": _scaling(predictor.task),
        "splits": {one.name: _split(one) for one in judged},
        "thresholds": [_threshold(judged, curve, rate) for rate in error_rates],
        "notes": [*notes, *_notes(judged, predictor.task)],
        "warnings": lines(warned),
    }


def _judged(predictor: Predictor, name: str, rows: Rows, progress: ProgressOf) -> _Judged:
    task = predictor.task
    task.check(rows, name)
    encoded = encode(task, rows, predictor.tokenizer, predictor.limit)
    outputs, _ = run(predictor.backend, encoded.examples, predictor.collate, progress=progress(name))
    answers = task.decode(outputs, encoded, rows)
    decisions = {"calibrated": _arrays(task.decisions(answers, rows))}
    if _scaling(task):
        raw = task.with_options(task.options.model_copy(update={OPTION: False}))
        decisions["raw"] = _arrays(raw.decisions(raw.decode(outputs, encoded, rows), rows))
    owners = _owners(task, answers, rows)
    return _Judged(name, len(rows), decisions, *by_row(task.verdicts(answers, rows)), owners)


def _owners(task: Task, answers: Sequence[Answer], rows: Rows) -> Array:
    """`(decision,)`: the row of each."""
    counts = [len(task.decisions([answer], [rows[number]])) for number, answer in enumerate(answers)]
    return np.repeat(np.arange(len(answers)), counts)


def _arrays(pairs: Sequence[tuple[float, bool]]) -> tuple[Array, Array]:
    return np.array([one for one, _ in pairs]), np.array([right for _, right in pairs], dtype=bool)


def _split(one: _Judged) -> dict[str, Any]:
    curve = coverage_curve(one.confidence, one.right)
    record: dict[str, Any] = {"rows": one.rows, "decisions": len(one.decisions["calibrated"][0])}
    for name, (confidence, right) in one.decisions.items():
        if len(right):
            record[name] = reliability(confidence, right)
            span = error_span(confidence, right, one.owners, one.rows)
            record[name] |= {"interval": list(span), "bins": reliability_bins(confidence, right)}
    record["curve"] = [list(point) for point in thinned(curve)]
    record["mean_error_over_coverages"] = area_under_errors(curve)
    return record


def error_span(confidence: Array, right: Array, owners: Array, rows: int) -> tuple[float, float]:
    """A 95% interval of the calibration error, over rows: decisions of one row are right or wrong together.

    Args:
        confidence, right, owners: `(decision,)`; owners: the row of each.
    """
    gaps = confidence_gaps(confidence, right.astype(np.float64), len(right))  # (decision, gaps then variances)
    sums = np.zeros((rows, gaps.shape[1]))
    np.add.at(sums, owners, gaps)
    each = len(right) / rows
    half = gaps.shape[1] // 2
    sums /= np.array([each] * half + [each**2] * half)
    metric = Metric(
        "calibration_error",
        lambda *_: float(confidence_error(confidence, right)),
        "scores",
        greater_is_better=False,
        per_row=lambda *_: sums,
        finish=of_gaps,
        bootstrap="absolute",
    )
    low, high = intervals(metric, np.zeros(rows), np.zeros(rows), samples=SAMPLES)["calibration_error"]
    return low, min(high, 1.0)  # drawn rows may have more decisions than there are


def _threshold(judged: Sequence[_Judged], curve: Sequence[CoveragePoint], rate: float) -> dict[str, Any]:
    """The threshold for a share of wrong answers, and what it does on all rows.

    Args:
        curve: that the Run kept of its validation rows; a Run from before this was kept has none.
    """
    point = threshold_for(curve or coverage_curve(judged[0].confidence, judged[0].right), rate)
    if point is None:
        return {"error_rate": rate, "threshold": None, "on": {}}
    points = {one.name: at_threshold(one.confidence, one.right, point.threshold) for one in judged}
    rows = {one.name: one.rows for one in judged}
    return {
        "error_rate": rate,
        "threshold": point.threshold,
        "on": {name: _answered(found, rows[name]) for name, found in points.items()},
    }


def _answered(point: CoveragePoint, rows: int) -> dict[str, Any]:
    return {
        "answered": point.answered,
        "wrong": point.wrong,
        "coverage": point.answered / rows,
        "error": point.error if point.answered else None,
        "interval": list(error_interval(point.wrong, point.answered)),
    }


def _scaling(task: Task) -> str:
    """What the scores are scaled by, in a few words; empty: by nothing."""
    if not getattr(task.options, OPTION, False):
        return ""
    if "scale" in task.state:
        return f"a factor and an offset for each of {len(task.state['scale'])} labels"
    temperature = task.state.get("temperature")
    return "" if temperature in (None, 1.0) else f"temperature {temperature:.3g}"


def _notes(judged: Sequence[_Judged], task: Task) -> list[str]:
    notes = []
    first = judged[0]
    if len(judged) == 1 and first.name == "validation":
        notes.append(f"all figures are of the {first.name} rows, which chose the scaling: name others with --data")
    for one in judged:
        if 0 < (count := len(one.decisions["calibrated"][0])) < FEW:
            notes.append(f"{one.name}: {count} decisions, so its figures are rough")
    if not hasattr(task.options, OPTION):
        notes.append("the task does not scale its scores")
    elif not getattr(task.options, OPTION):
        notes.append("the scores are not scaled: options.calibrate is false")
    elif not _scaling(task):
        why = "too few validation rows (100 are needed), no temperature that fits, or an older Run"
        notes.append(f"the scores are not scaled: {why}")
    return notes
