"""How well a score tells rows that belong to no label from the others; outside counts as positive.

The measures of Hendrycks & Gimpel 2017 (area under the ROC curve) and Liang et al. 2018 (false positives at 95% true
positives), which papers on out-of-scope detection report.
"""

from __future__ import annotations

import numpy as np

from bertkit.metrics.classification import area_of
from bertkit.metrics.metric import Array

MARGIN = 1e-3
"""Of the range of the scores: how far above all of them a threshold lies."""


def area(scores: Array, outside: Array) -> float:
    """Chance that a row outside has a higher score than one inside; nan where there is only one kind.

    Args:
        scores: higher for rows outside, `(row,)`.
        outside: `(row,)` bools.
    """
    return float(area_of(scores, outside))


def false_positives(scores: Array, outside: Array, caught: float = 0.95) -> float:
    """The share of the rows inside that is called outside by the highest threshold that finds this share of those
    outside; nan where there is only one kind (arguments as `area`)."""
    if outside.all() or not outside.any():
        return float("nan")
    found = np.sort(scores[outside])[::-1]
    threshold = found[int(np.ceil(caught * len(found))) - 1]
    return float((scores[~outside] >= threshold).mean())


def best_threshold(scores: Array, outside: Array, least: float) -> float:
    """The threshold, not below `least`, with the highest share of rows outside above it minus that of rows inside
    (Youden 1950); half-way to the next score (arguments as `area`)."""
    values = np.unique(scores)
    tried = np.concatenate([[least], (values[1:] + values[:-1])[values[:-1] >= least] / 2])
    inside, far = np.sort(scores[~outside]), np.sort(scores[outside])

    def above(some: Array) -> Array:
        return np.asarray(1 - np.searchsorted(some, tried, side="right") / len(some))

    return float(tried[int(np.argmax(above(far) - above(inside)))])


def threshold_at(scores: Array, coverage: float) -> float:
    """The lowest threshold with at least this share of rows below it, half-way to the next score, so that a rounding
    error changes nothing.

    Args:
        scores: of rows inside, `(row,)`, at least one.
    """
    values = np.unique(scores)
    last = np.sort(scores)[int(np.ceil(coverage * len(scores))) - 1]
    above = values[values > last]
    return float((last + above[0]) / 2 if len(above) else last + MARGIN * (np.ptp(values) or 1.0))
