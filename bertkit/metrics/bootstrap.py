"""Confidence intervals by resampling rows: the percentile bootstrap (Efron & Tibshirani 1993, ch. 13).

It is the simplest interval that suits any metric. Its price: on few rows (under some 50) it is a little too narrow. It
covers the choice of rows alone, not the spread between training seeds.

Figures that follow from sums over rows (`Metric.per_row`) are resampled by adding up rows; for any other metric its
function is called for each resample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bertkit.metrics.metric import LISTS, Array, Metric

Figures = dict[str, Array]
"""Figures `(sample,)` by name."""


def intervals(
    metric: Metric,
    predictions: Any,
    references: Any,
    *,
    samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Lower and upper bound of each of the metric's figures, the same for the same seed.

    A resample that leaves a figure undefined (nan) is dropped; where all do, both bounds are nan.

    Args:
        predictions, references: what the metric takes, one per row.
        samples: how many resamples.
        level: share of the resampled figures that lies between the bounds.

    Raises:
        DataError, PluginError: as calling the metric does.
    """
    predicted, actual = metric.checked(predictions, references)
    if metric.bootstrap == "none":
        return {}
    grouped = metric.bootstrap == "groups"
    (figures,) = resampled(metric, [predicted], actual, samples=samples, seed=seed, grouped=grouped)
    return {name: bounds(values, level) for name, values in figures.items()}


def resampled(
    metric: Metric, sides: Sequence[Any], references: Any, *, samples: int, seed: int, grouped: bool = False
) -> list[Figures]:
    """Figures of each side in rows drawn with replacement; each sample draws the same rows for all sides.

    Args:
        sides: predictions of one model or more, as `Metric.checked` returns them.
        grouped: draw how often each combination of parts occurs, all at once, instead of row by row (see `Metric`).

    Raises:
        DataError, PluginError: as calling the metric does.
    """
    generator = np.random.default_rng(seed)
    rows = len(references)
    if metric.per_row:
        parts = np.concatenate([metric.parts(side, references) for side in sides], axis=1)  # (row, part of a side)
        sums = (_sums_of_groups if grouped else _sums_of_rows)(parts, samples, generator)
        return [metric.finished(own, rows) for own in np.split(sums, len(sides), axis=1)]
    if metric.takes in LISTS:
        *sides, references = (objects(values) for values in (*sides, references))
    results: list[list[dict[str, float]]] = [[] for _ in sides]
    for _ in range(samples):
        drawn = generator.integers(rows, size=rows)
        for own, side in zip(results, sides, strict=True):
            own.append(metric(side[drawn], references[drawn]))
    return [stacked(own) for own in results]


def stacked(results: Sequence[dict[str, float]]) -> Figures:
    """Figures of many calls of a metric; nan where a call did not return one."""
    names = dict.fromkeys(name for figures in results for name in figures)
    return {name: np.array([figures.get(name, np.nan) for figures in results]) for name in names}


def bounds(values: Array, level: float = 0.95) -> tuple[float, float]:
    """Quantiles with `level` between them, of the values that are not nan."""
    defined = values[~np.isnan(values)]
    if not defined.size:
        return (np.nan, np.nan)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def objects(values: Any) -> Array:
    """Lists as an array of objects, from which rows can be drawn."""
    array = np.empty(len(values), dtype=object)
    array[:] = [*values]
    return array


def _sums_of_rows(parts: Array, samples: int, generator: np.random.Generator) -> Array:
    """Sums of rows drawn one by one, `(sample, part)`."""
    columns = np.ascontiguousarray(parts.T)  # numpy sums a contiguous line in pairs, as `mean` does: the same digits
    rows = len(parts)
    drawn = (generator.integers(rows, size=rows) for _ in range(samples))
    return np.stack([columns.take(at, axis=1).sum(axis=1) for at in drawn])


def _sums_of_groups(parts: Array, samples: int, generator: np.random.Generator) -> Array:
    """Sums of rows drawn together where their parts are equal, `(sample, part)`."""
    groups, sizes = np.unique(parts, axis=0, return_counts=True)  # (group, part), (group,)
    return generator.multinomial(len(parts), sizes / len(parts), size=samples) @ groups
