"""Abstention: which share of rows is answered, and how many of the answers are wrong, by the lowest confidence that is
still answered (El-Yaniv & Wiener 2010, "On the Foundations of Noise-free Selective Classification").

A threshold is chosen on rows that did not train the model, and judged on others: on the rows that chose it, its error
is the lowest of many, so it is a little too low.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bertkit.metrics.metric import Array

MOST = 400
"""Most points of a curve that is kept: neighbours then answer less than 2% more rows each."""


class CoveragePoint(NamedTuple):
    """What happens if only answers with at least this confidence are given."""

    threshold: float
    """0: all answers are given."""
    answered: int
    wrong: int

    @property
    def error(self) -> float:
        """The share of the answers that is wrong; nan where there is none."""
        return self.wrong / self.answered if self.answered else float("nan")


def coverage_curve(confidence: Array, right: Array) -> list[CoveragePoint]:
    """A point for each distinct confidence, from the highest down; the last one answers all rows, at threshold 0.

    Args:
        confidence: `(row,)`; nan where an answer has none: it is always given.
        right: whether each answer is right, `(row,)`.
    """
    confidence = np.where(np.isnan(confidence), np.inf, confidence)
    order = np.argsort(-confidence, kind="stable")
    confidence, wrong = confidence[order], np.cumsum(~np.asarray(right, dtype=bool)[order])
    ends = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], len(confidence) > 0))
    points = [CoveragePoint(float(confidence[end]), int(end) + 1, int(wrong[end])) for end in ends]
    if points and np.isinf(points[0].threshold):  # a threshold above 1 gives no other answer
        points[0] = points[0]._replace(threshold=float(np.nextafter(1.0, 2.0)))
    return [*points[:-1], points[-1]._replace(threshold=0.0)] if points else []


def thinned(points: Sequence[CoveragePoint], most: int = MOST) -> list[CoveragePoint]:
    """The points that answer more rows than any other with as few wrong answers, at most so many."""
    kept = [
        point
        for point, after in zip(points, [*points[1:], None], strict=True)
        if not after or after.wrong > point.wrong
    ]
    if len(kept) <= most:
        return kept
    places = np.unique(np.geomspace(1, len(kept), most).round().astype(int) - 1)
    return [kept[place] for place in places]


def threshold_for(points: Sequence[CoveragePoint], error: float) -> CoveragePoint | None:
    """The point that answers most rows with at most this share of wrong answers; None: even the surest are worse."""
    fit = [point for point in points if point.answered and point.wrong <= error * point.answered]
    return max(fit, key=lambda point: point.answered, default=None)


def at_threshold(confidence: Array, right: Array, threshold: float) -> CoveragePoint:
    """The point of a given threshold on these rows (arguments as `coverage_curve`)."""
    given = ~(confidence < threshold)  # nan is given
    return CoveragePoint(threshold, int(given.sum()), int((given & ~np.asarray(right, dtype=bool)).sum()))


def error_interval(wrong: int, answered: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share (Clopper & Pearson 1934)."""
    from scipy.special import betaincinv

    if not answered:
        return 0.0, 1.0
    tail, right = (1 - level) / 2, answered - wrong
    low = float(betaincinv(wrong, right + 1, tail)) if wrong else 0.0
    high = float(betaincinv(wrong + 1, right, 1 - tail)) if right else 1.0
    return low, high


def area_under_errors(points: Sequence[CoveragePoint]) -> float:
    """The mean error over all coverages (AURC: Geifman et al. 2019): lower where confidence ranks answers better."""
    if not points:
        return float("nan")
    sizes = np.diff([0, *(point.answered for point in points)])
    return float(np.average([point.error for point in points], weights=sizes))
