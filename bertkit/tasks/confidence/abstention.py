"""When a Run abstains: the coverage curve of its validation rows, which it keeps, and thresholds chosen by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bertkit.errors import DataError, Parameter
from bertkit.metrics.metric import Array
from bertkit.metrics.reliability.coverage import CoveragePoint, coverage_curve, thinned, threshold_for
from bertkit.tasks.problem import Verdict


def by_row(verdicts: Sequence[Verdict]) -> tuple[Array, Array]:
    """The confidence of each row, nan where it has none, and whether its answer is right; `(row,)` each."""
    confidence = [np.nan if one.confidence is None else one.confidence for one in verdicts]
    return np.array(confidence, dtype=np.float64), np.array([one.score >= 1 for one in verdicts], dtype=bool)


def curve_of(verdicts: Sequence[Verdict]) -> list[list[float]]:
    """What a Run keeps of its validation rows: `[threshold, answered, wrong]` of each point of the thinned curve; empty
    where no answer has a confidence."""
    confidence, right = by_row(verdicts)
    if not len(confidence) or np.isnan(confidence).all():
        return []
    return [list(point) for point in thinned(coverage_curve(confidence, right))]


def points_of(curve: Sequence[Sequence[Any]]) -> list[CoveragePoint]:
    """The points of a kept curve."""
    return [CoveragePoint(float(threshold), int(answered), int(wrong)) for threshold, answered, wrong in curve]


def threshold_of(curve: Sequence[Sequence[Any]], error: float, where: str) -> tuple[CoveragePoint, int]:
    """The point of a kept curve that answers most rows with at most this share of wrong answers, and how many rows it
    was chosen by.

    Args:
        where: of the curve, for errors.

    Raises:
        DataError: no share, no curve, or even the surest answers are wrong more often.
    """
    if not 0 <= error < 1:
        raise DataError.at(Parameter("error_rate"), f"{error:g}: no share of the answers", "from 0 to below 1, as 0.02")
    points = points_of(curve)
    if not points:
        what = "has no confidence of validation rows"
        raise DataError.at(where, what, "give --abstain-below a confidence, which bertkit calibration RUN finds")
    rows = points[-1].answered
    if (found := threshold_for(points, error)) is None:
        least = min(point.error for point in points)
        what = f"{error:g}: no threshold reaches it: the lowest error on the validation rows is {least:.1%}"
        raise DataError.at(Parameter("error_rate"), what, "allow more errors, or train a better model")
    return found, rows
