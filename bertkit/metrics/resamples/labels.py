"""Label metrics of all resamples at once (see `Metric.weighted`). Labels are those of the whole set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bertkit.metrics.classification import Average, Figure, against_rest, area_of, figure_of, matthews_of
from bertkit.metrics.metric import Array, Weighted, ratio


def in_resamples(figure: Figure, average: Average) -> Weighted:
    """The `macro` or `weighted` average of resamples.

    The labels are those that occur in the whole set. One that a resample lacks counts 0 there, as in
    scikit-learn with these `labels`: without it, a mean over three labels would become one over two.
    """

    def weighted(predictions: Array, references: Array) -> Callable[[Array], dict[str, Array]]:
        counted = _label_sums(predictions, references)

        def figures(counts: Array) -> dict[str, Array]:
            hits, predicted, actual = counted(counts)  # (sample, label)
            values = figure_of(figure, hits, predicted, actual)
            weights = actual if average == "weighted" else np.ones_like(actual)
            return {f"{average}_{figure}": ratio((values * weights).sum(axis=1), weights.sum(axis=1))}

        return figures

    return weighted


def matthews_in_resamples(predictions: Array, references: Array) -> Callable[[Array], dict[str, Array]]:
    """Matthews' correlation of resamples."""
    counted = _label_sums(predictions, references)
    return lambda counts: {"matthews": matthews_of(*counted(counts))}


def auc_in_resamples(predictions: Array, references: Array) -> Callable[[Array], dict[str, Array]]:
    """The area of resamples: the mean over the labels that have one in the whole set. A label that a resample leaves
    without one has its area in the whole set there, because the resample says nothing about it."""
    labels = [(p, has, area_of(p, has)) for p, has in against_rest(predictions, references)]
    areas = [(_area_in_resamples(p, has), area) for p, has, area in labels if not np.isnan(area)]

    def figures(counts: Array) -> dict[str, Array]:
        if not areas:
            return {"auc": np.full(len(counts), np.nan)}
        total = np.zeros(len(counts))
        for resampled, area in areas:
            values = resampled(counts)
            total += np.where(np.isnan(values), area, values)
        return {"auc": total / len(areas)}

    return figures


def _area_in_resamples(probabilities: Array, has: Array) -> Callable[[Array], Array]:
    """How often each row is drawn `(sample, row)` -> the area of the label in each sample; nan as `_area`."""
    order = np.argsort(probabilities, kind="stable")
    starts = np.flatnonzero(np.diff(probabilities[order], prepend=-1))  # of equal probabilities
    with_it = has[order]

    def areas(counts: Array) -> Array:
        drawn = counts[:, order]
        ones = np.add.reduceat(drawn * with_it, starts, axis=1)  # (sample, distinct probability)
        others = np.add.reduceat(drawn * ~with_it, starts, axis=1)
        wins = (ones * (np.cumsum(others, axis=1) - others / 2)).sum(axis=1)
        pairs = ones.sum(axis=1) * others.sum(axis=1)
        return np.divide(wins, pairs, out=np.full(len(counts), np.nan), where=pairs > 0)

    return areas


def _label_sums(predictions: Array, references: Array) -> Callable[[Array], tuple[Array, Array, Array]]:
    """How often each row is drawn `(sample, row)` -> `_counts` of each sample, `(sample, label)` each.

    The labels are those that occur; with several labels per row, all.
    """
    from scipy.sparse import csr_array

    if references.ndim > 1:
        sides = [csr_array(side) for side in (predictions & references, predictions, references)]
    else:
        labels, numbers = np.unique(np.concatenate([predictions, references]), return_inverse=True)
        rows = np.arange(len(references))

        def of(numbers: Array, chosen: Array) -> Any:
            shape = (len(rows), len(labels))
            return csr_array((np.ones(chosen.sum()), (rows[chosen], numbers[chosen])), shape=shape)

        ours, theirs = np.split(numbers, 2)
        every = np.ones(len(rows), dtype=bool)
        sides = [of(theirs, predictions == references), of(ours, every), of(theirs, every)]
    turned = [side.T.tocsr() for side in sides]
    return lambda counts: tuple((side @ counts.T).T for side in turned)
