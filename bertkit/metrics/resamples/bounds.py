"""Bounds of an interval: Wilson's of a share, and the bias-corrected bootstrap's of any other figure."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from bertkit.metrics.metric import Array, Metric

NORMAL = NormalDist()
Span = tuple[float, float]
MOST_PARTS = 8
"""Parts up to which a figure is tried as a share: those of all labels would take long, and are none."""


class Share(NamedTuple):
    """A figure that is `factor` times the sum of one part, divided by that of another or by the number of rows."""

    part: int
    whole: int | None
    factor: float


def bca(values: Array, point: float, left_out: Array, level: float = 0.95) -> Span:
    """The bias-corrected and accelerated bootstrap interval (Efron 1987; Efron & Tibshirani 1993, section 14.3).

    It corrects percentiles for the bias of the resampled figures (their median is not the figure) and for a spread that
    depends on the figure. It always holds the figure.

    Args:
        values: the figure in resamples, `(sample,)`; those that are not finite are left out.
        point: the figure itself.
        left_out: the figure without one row or a few, `(group,)`: its skewness gives the acceleration.
    """
    values = values[np.isfinite(values)]
    if not values.size or not math.isfinite(point):
        return (math.nan, math.nan)
    near = 1e-9 * max(1.0, abs(point))  # equal up to rounding: half of them lie below
    below = np.mean(values < point - near) + np.mean(np.abs(values - point) <= near) / 2
    least = 0.5 / len(values)
    bias = NORMAL.inv_cdf(min(max(float(below), least), 1 - least))
    acceleration = _acceleration(left_out[np.isfinite(left_out)])
    quantiles = []
    for side in ((1 - level) / 2, (1 + level) / 2):
        z = bias + NORMAL.inv_cdf(side)
        quantiles.append(NORMAL.cdf(bias + z / max(1 - acceleration * z, 0.1)))
    low, high = np.quantile(values, quantiles)
    return min(float(low), point), max(float(high), point)


def _acceleration(left_out: Array) -> float:
    gaps = left_out.mean() - left_out if left_out.size else left_out
    square = float(gaps @ gaps)
    return float((gaps**3).sum()) / (6 * square**1.5) if square > 1e-24 else 0.0


def wilson(right: float, rows: float, level: float = 0.95) -> Span:
    """Wilson's interval of a share (Wilson 1927; Brown, Cai & DasGupta 2001), which is right for few rows and near 0
    and 1, where a bootstrap has nothing to resample: 50 of 50 are 0.929 to 1."""
    z = NORMAL.inv_cdf((1 + level) / 2)
    share = right / rows
    middle = share + z * z / (2 * rows)
    half = z * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    below = 1 + z * z / rows
    return min(share, max(0.0, (middle - half) / below)), max(share, min(1.0, (middle + half) / below))


def share_of(metric: Metric, name: str, rows: int, parts: int) -> Share | None:
    """The share that a figure is, as of right rows, or of hits among predictions; None where it is something else.

    Such a figure is proportional to one sum, or to the quotient of two, whatever the other sums are: tried on sums
    drawn at random.
    """
    if parts > MOST_PARTS:
        return None
    sums = np.random.default_rng(0).integers(1, 1000, size=(8, parts)).astype(np.float64)
    values = metric.finished(sums, rows)[name]
    for whole in (None, *range(parts)):
        for part in range(parts):
            factors = values / sums[:, part] * (rows if whole is None else sums[:, whole])
            if part != whole and factors[0] and np.allclose(factors, factors[0], rtol=1e-9, atol=0):
                return Share(part, whole, float(factors[0]))
    return None


def span_of_share(share: Share, parts: Array, level: float = 0.95) -> Span | None:
    """Wilson's interval, where each row (of the whole) counts 0 or 1; None otherwise.

    Args:
        parts: of all rows, `(row, part)`.
    """
    hits = parts[:, share.part]
    among = np.ones(len(parts)) if share.whole is None else parts[:, share.whole]
    counts = np.isin(hits, (0, 1)).all() and np.isin(among, (0, 1)).all() and (hits <= among).all()
    if not counts or not among.any():
        return None
    low, high = wilson(float(hits.sum()), float(among.sum()), level)
    return share.factor * low, share.factor * high
