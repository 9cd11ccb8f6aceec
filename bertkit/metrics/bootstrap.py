"""How sure a figure is, given that the rows are a sample: the percentile bootstrap (Efron & Tibshirani 1993, ch. 13).

It is the simplest interval that suits any metric. Its price: on few rows (under some 50) it is a little too narrow, and
it tells of the rows alone, not of the spread between training seeds.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from bertkit.metrics.metric import LISTS, Metric


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
        predictions, references: what the metric takes, a row each; rows are drawn with replacement.
        samples: how many resamples.
        level: share of the resampled figures that lies between the bounds.

    Raises:
        DataError, PluginError: as calling the metric does.
    """
    predicted, actual = metric.checked(predictions, references)
    if metric.intervals:
        return metric.intervals(predicted, actual, samples)
    if metric.takes in LISTS:  # lists of lists: an array of objects can be drawn from
        predicted, actual = _objects(predicted), _objects(actual)
    generator = np.random.default_rng(seed)
    figures: dict[str, list[float]] = defaultdict(list)
    for _ in range(samples):
        drawn = generator.integers(len(actual), size=len(actual))
        for key, value in metric(predicted[drawn], actual[drawn]).items():
            figures[key].append(value)
    return {key: _bounds(np.array(values), level) for key, values in figures.items()}


def _objects(values: Any) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = [*values]
    return array


def _bounds(values: np.ndarray, level: float) -> tuple[float, float]:
    defined = values[~np.isnan(values)]
    if not defined.size:
        return (np.nan, np.nan)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
