"""Correlations of all resamples at once (see `Metric.weighted`)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bertkit.metrics.metric import Array


def pearson_in_resamples(predictions: Array, references: Array) -> Callable[[Array], dict[str, Array]]:
    """Pearson's correlation of resamples."""
    x, y = (side - side.mean() for side in (predictions, references))  # keeps the digits of sums of squares
    parts = np.stack([x, y, x * x, y * y, x * y], axis=1)
    return lambda counts: {"pearson": _correlation(counts.sum(axis=1), counts @ parts)}


def spearman_in_resamples(predictions: Array, references: Array) -> Callable[[Array], dict[str, Array]]:
    """Spearman's correlation of resamples: ranks are those within the resample."""
    ranks = [_ranks(side) for side in (predictions, references)]

    def figures(counts: Array) -> dict[str, Array]:
        rows = counts.sum(axis=1)
        x, y = (rank(counts) - (rows[:, None] + 1) / 2 for rank in ranks)  # (sample, row)
        sums = [np.einsum("sr,sr,sr->s", counts, a, b) for a, b in ((x, x), (y, y), (x, y))]
        zero = np.zeros(len(counts))  # the mean rank was subtracted
        return {"spearman": _correlation(rows, np.stack([zero, zero, *sums], axis=1))}

    return figures


def _ranks(values: Array) -> Callable[[Array], Array]:
    """How often each row is drawn `(sample, row)` -> its rank in the sample, the mean of equal ones `(sample, row)`."""
    order = np.argsort(values, kind="stable")
    new = np.diff(values[order], prepend=-np.inf) > 0
    starts, of_row = np.flatnonzero(new), np.empty(len(values), dtype=np.int64)
    of_row[order] = np.cumsum(new) - 1  # the number of each row's value among the distinct ones

    def ranks(counts: Array) -> Array:
        equal = np.add.reduceat(counts[:, order], starts, axis=1)  # (sample, distinct value)
        return (np.cumsum(equal, axis=1) - (equal - 1) / 2)[:, of_row]

    return ranks


def _correlation(rows: Array, sums: Array) -> Array:
    """`(sample,)`, from the sums of x, y, xx, yy and xy `(sample, 5)`; nan where either side is constant."""
    x, y, xx, yy, xy = sums.T
    spread = (xx - x * x / rows).clip(min=0) * (yy - y * y / rows).clip(min=0)
    least = 1e-24 * (xx * yy)
    above = xy - x * y / rows
    return np.divide(above, np.sqrt(spread), out=np.full(len(rows), np.nan), where=spread > least)
