"""Curves of precision and recall (PR) and of true and false positives (ROC), from the probabilities of labels.

Probabilities are those of `Task.candidates`, and whether a row has a label is what its verdict says, so that any task
with both has curves. Average precision is the sum of precision times the step in recall, without interpolation, as
scikit-learn computes it (a trapezoid is too optimistic: Davis & Goadrich 2006); the area under the ROC curve counts a
tie half.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bertkit.display import cut, visible
from bertkit.metrics.metric import Array
from bertkit.report import plots
from bertkit.tasks.task import Answer, Task, Verdict

log = logging.getLogger("bertkit")

SHOWN = 5
"""Labels with a curve of their own; with more labels, those with the lowest average precision."""
POINTS = 200
"""Most points of a curve on the page."""
MICRO = "micro average"
NAME = 18
"""Columns of a label's name in a legend."""


class LabelProbabilities(NamedTuple):
    """The probability of each label in each row, and which rows have it."""

    names: list[str]
    values: Array
    """`(row, label)`."""
    has: Array
    """`(row, label)`, true or false."""


class LabelCurve(NamedTuple):
    """One label against the rest, from the highest threshold to the lowest; the first point is that of no row."""

    name: str
    rows: int
    """Rows (of the micro average: decisions) with the label."""
    average_precision: float
    area: float
    """Under the ROC curve."""
    recall: Array
    """`(threshold,)`: the share of the rows with the label at or above a threshold."""
    precision: Array
    false_positives: Array
    """The share of the rows without the label at or above a threshold."""


class LabelCurves(NamedTuple):
    """Of all labels that can have one, in their order."""

    labels: list[LabelCurve]
    micro: LabelCurve | None
    """Of all decisions about all labels together; None with one curve."""


def probabilities_of(task: Task, answers: Sequence[Answer], verdicts: Sequence[Verdict]) -> LabelProbabilities | None:
    """None if the task gives no probabilities of labels, or not the same labels in each row."""
    if not verdicts or not any(verdict.expected_labels for verdict in verdicts):
        return None
    if any(len(label) != 1 for verdict in verdicts for label in verdict.expected_labels):
        return None  # entities have places
    try:
        return _probabilities(task, answers, verdicts)
    except Exception as error:  # of a user's task: the page has its other sections
        log.warning("no PR and ROC curves: candidates of the task failed (%s: %s)", type(error).__name__, error)
        return None


def _probabilities(task: Task, answers: Sequence[Answer], verdicts: Sequence[Verdict]) -> LabelProbabilities | None:
    candidates = [task.candidates(answer) for answer in answers]
    names = [str(name) for name, _ in candidates[0]]
    if not names or len(set(names)) < len(names) or len(candidates) != len(verdicts):
        return None
    if any([str(name) for name, _ in own] != names for own in candidates):
        return None
    values = np.array([[share for _, share in own] for own in candidates], dtype=np.float64)  # (row, label)
    place = {name: number for number, name in enumerate(names)}
    has = np.zeros(values.shape, dtype=bool)
    for row, verdict in enumerate(verdicts):
        wanted = [str(label[0]) for label in verdict.expected_labels]
        if not place.keys() >= set(wanted):
            return None
        has[row, [place[name] for name in wanted]] = True
    return LabelProbabilities(names, values, has) if np.isfinite(values).all() else None


def curves_of(found: LabelProbabilities) -> LabelCurves:
    """Of each label that some rows have and others lack; of two labels, one of which each row has, the second's."""
    labels = list(enumerate(found.names))
    two = len(labels) == 2 and bool((found.has.sum(axis=1) == 1).all())
    curves = [curve(name, found.values[:, i], found.has[:, i]) for i, name in (labels[1:] if two else labels)]
    kept = [one for one in curves if one]
    several = len(kept) > 1
    return LabelCurves(kept, curve(MICRO, found.values.ravel(), found.has.ravel()) if several else None)


def curve(name: str, probabilities: Array, has: Array) -> LabelCurve | None:
    """The curve of one label; None if all rows have it, or none.

    Args:
        probabilities, has: `(row,)`.
    """
    positives = int(has.sum())
    if not 0 < positives < len(has):
        return None
    order = np.argsort(-probabilities, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(probabilities[order])), len(has) - 1)  # the last row of each threshold
    hits = np.cumsum(has[order])[ends]  # (threshold,)
    recall, precision = hits / positives, hits / (ends + 1)
    misses = (ends + 1 - hits) / (len(has) - positives)
    points = np.append(0.0, recall), np.append(precision[0], precision), np.append(0.0, misses)
    average = float(np.sum(np.diff(points[0]) * precision))
    area = float(np.sum(np.diff(points[2]) * (points[0][1:] + points[0][:-1]) / 2))
    return LabelCurve(name, positives, average, area, *points)


def drawn(found: LabelCurves) -> list[tuple[Any, str]]:
    """Both plots, each with its caption; of many labels the micro average and the labels with the lowest precision."""
    labels, several = found.labels, found.micro is not None
    if not labels:
        return []
    which = ""
    if len(labels) > SHOWN:
        which = f" Of {len(labels)} labels, the {SHOWN} with the lowest average precision are shown."
        labels = sorted(labels, key=lambda one: one.average_precision)[:SHOWN]
    shown = [*([found.micro] if found.micro else []), *labels]
    precision = plots.rates(
        [(_named(one, one.average_precision), *_thinned(one.recall, one.precision)) for one in shown],
        title="Precision and recall", x="recall", y="precision", steps=True,
    )  # fmt: skip
    roc = plots.rates(
        [(_named(one, one.area), *_thinned(one.false_positives, one.recall)) for one in shown],
        title="ROC", x="false positive rate", y="true positive rate (recall)", diagonal=True,
    )  # fmt: skip
    micro = " The micro average is over all decisions about all labels." if several else ""
    return [
        (precision, f"Each point is a threshold. Numbers: average precision.{which}{micro}"),
        (
            roc,
            "Numbers: area under the curve (AUROC). On the dashed diagonal, probabilities say nothing.",
        ),
    ]


def _named(one: LabelCurve, figure: float) -> str:
    """The figure first: matplotlib leaves names that begin with an underscore out of a legend."""
    return f"{figure:.3f}  {cut(visible(one.name), NAME)}"


def _thinned(x: Array, y: Array) -> tuple[list[float], list[float]]:
    """At most about `POINTS` points, evenly spaced along the line, with both ends."""
    if len(x) > POINTS:
        way = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
        kept = np.unique(np.searchsorted(way, np.linspace(0, way[-1], POINTS)).clip(max=len(x) - 1))
        x, y = x[kept], y[kept]
    return x.tolist(), y.tolist()
