"""Confidence intervals by resampling rows: the bias-corrected and accelerated bootstrap (Efron & Tibshirani 1993,
section 14.3).

It suits any metric, and stays right where resampled figures are biased or skewed: plain percentiles may then even miss
the figure itself. Labels are those of the whole set: a resample that lacks a rare one does not change what an average
over labels means. Two kinds of figures have better intervals:

- the share of right rows, and others that count rows: Wilson's (resamples/bounds.py).
- sums of absolute means, such as the calibration error (`Metric.bootstrap` is `absolute`). A gap of 0 is resampled as
  more than 0, so that no percentile is right (Andrews 2000). Fang & Santos 2019 resample the figure's derivative
  instead: a mean that is clearly not 0 (Andrews & Soares 2010: by more than sqrt(ln rows) standard errors) moves with
  its sign, any other as far as it can. Calibrated probabilities then have an interval from 0.

How often intervals hold the truth was simulated (benchmarks/intervals.py, docs/evaluate.md). They cover the choice of
rows alone, not the spread between training seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertkit.metrics.metric import LISTS, Array, Metric
from bertkit.metrics.ranking.queries import drawn_queries
from bertkit.metrics.resamples.bounds import Span, bca, share_of, span_of_share

Figures = dict[str, Array]
"""Figures `(sample,)` by name."""
Counted = Callable[[Array], Mapping[str, Array]]
"""How often each unit is drawn, `(sample, unit)` -> figures."""

GROUPS = 100
"""Most groups of rows that are left out in turn for the acceleration."""
CELLS = 100_000
"""Counts (sample, unit) that are drawn at a time."""


@dataclass(frozen=True)
class Units:
    """What is drawn: the metric's units (rows or queries), or, where equal rows are drawn together, distinct rows."""

    times: Array
    """How often each unit occurs, `(unit,)`."""
    of_row: Array
    """Number of each row's unit, `(row,)`."""

    def drawn(self, samples: int, generator: np.random.Generator) -> Iterator[Array]:
        """How often each unit is drawn in samples of as many rows as there are; float64 `(sample, unit)`, in blocks."""
        units, rows = len(self.times), len(self.of_row)
        block = max(1, CELLS // rows)
        for first in range(0, samples, block):
            size = min(block, samples - first)
            if units < rows:
                yield generator.multinomial(rows, self.times / rows, size=size).astype(np.float64)
            elif size == 1:
                yield np.bincount(generator.integers(rows, size=rows), minlength=rows)[None].astype(np.float64)
            else:
                at = generator.integers(rows, size=(size, rows)) + rows * np.arange(size)[:, None]
                yield np.bincount(at.ravel(), minlength=size * rows).reshape(size, rows).astype(np.float64)

    def left_out(self, generator: np.random.Generator) -> Iterator[Array]:
        """How often each unit remains without one group of rows, `(group, unit)`, in blocks of one."""
        rows = len(self.of_row)
        groups = np.array_split(generator.permutation(rows), min(rows, GROUPS)) if rows > 1 else []
        for group in groups:
            yield (self.times - np.bincount(self.of_row[group], minlength=len(self.times)))[None].astype(np.float64)


def intervals(
    metric: Metric,
    predictions: Any,
    references: Any,
    *,
    samples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Span]:
    """Lower and upper bound of each of the metric's figures, the same for the same seed.

    A resample that leaves a figure undefined (nan) is dropped; where all do, or the figure itself is undefined, both
    bounds are nan.

    Args:
        predictions, references: what the metric takes, one per row.
        samples: how many resamples.
        level: how much of the resampled figures lies between the bounds, before they are corrected.

    Raises:
        DataError, PluginError: as calling the metric does.
    """
    predicted, actual = metric.checked(predictions, references)
    if metric.bootstrap == "none":
        return {}
    shares = _shares(metric, predicted, actual, level)
    if shares and None not in shares.values():
        return {name: span for name, span in shares.items() if span}
    spans = differences_of([predicted], metric, actual, samples=samples, level=level, seed=seed)
    return {name: shares.get(name) or span for name, span in spans.items()}


def differences_of(
    sides: Sequence[Any], metric: Metric, references: Any, *, samples: int, level: float = 0.95, seed: int = 0
) -> dict[str, Span]:
    """Intervals of one model's figures, or of the second model's minus the first's; both score the same resamples.

    Args:
        sides: predictions of one model or two, as `Metric.checked` returns them.

    Raises:
        DataError, PluginError: as calling the metric does.
    """
    generator = np.random.default_rng(seed)
    if metric.bootstrap == "absolute":
        return _of_absolute(metric, sides, references, samples, level, generator)
    units, figures = _units(metric, sides, references)
    whole = [own(units.times[None].astype(np.float64)) for own in figures]
    drawn = _in_blocks(figures, units.drawn(samples, generator))
    left = _in_blocks(figures, units.left_out(generator)) or [{} for _ in sides]
    names = [name for name in drawn[0] if all(name in own for own in (*drawn, *whole))]

    def of(own: Sequence[Mapping[str, Array]], name: str) -> Array:
        values = [each.get(name, np.empty(0)) for each in own]
        with np.errstate(invalid="ignore"):  # inf - inf
            return values[0] if len(values) == 1 else values[1] - values[0]

    count = len(units.of_row)
    return {name: bca(of(drawn, name), float(of(whole, name)[0]), of(left, name), count, level) for name in names}


def stacked(results: Sequence[Mapping[str, Any]]) -> Figures:
    """Figures of many calls of a metric, one or several each; nan where a call did not return one."""
    names = dict.fromkeys(name for figures in results for name in figures)
    return {name: np.hstack([figures.get(name, np.nan) for figures in results]) for name in names}


def objects(values: Any) -> Array:
    """Lists as an array of objects, from which rows can be drawn."""
    array = np.empty(len(values), dtype=object)
    array[:] = [*values]
    return array


def _in_blocks(figures: Sequence[Counted], blocks: Iterator[Array]) -> list[Figures]:
    """Figures of each side in the same samples."""
    results = [[own(counts) for own in figures] for counts in blocks]
    return [stacked(own) for own in zip(*results, strict=True)]


def _units(metric: Metric, sides: Sequence[Any], references: Any) -> tuple[Units, list[Counted]]:
    """What is drawn, and each side's figures of it."""
    rows = len(references)
    each_row = Units(np.ones(rows), np.arange(rows))
    if metric.weighted:
        if len(sides) == 1 and metric.takes == "labels" and references.ndim == 1:
            (predictions,) = sides
            pairs, of_row, times = _distinct(predictions * (references.max() + 1) + references)
            if len(pairs) < rows:
                return Units(times, of_row), [metric.weighted(predictions[pairs], references[pairs])]
        return each_row, [metric.weighted(side, references) for side in sides]
    if metric.per_row:
        parts = [_parts(metric, side, references) for side in sides]
        if len(sides) == 1 and metric.bootstrap == "groups":
            first, of_row, times = _distinct(parts[0])
            return Units(times, of_row), [_by_sums(metric, parts[0][first], rows)]
        count = len(parts[0])
        return Units(np.ones(count), np.arange(count)), [_by_sums(metric, own, count) for own in parts]
    if metric.takes in LISTS:
        *sides, references = (objects(values) for values in (*sides, references))
    if metric.takes == "ranking":
        queries = int(metric.units(references).max()) + 1
        return Units(np.ones(queries), np.arange(queries)), [_by_queries(metric, side, references) for side in sides]
    return each_row, [_by_calls(metric, side, references) for side in sides]


def _distinct(values: Array) -> tuple[Array, Array, Array]:
    """Where each distinct value or row stands first, the number of each row's, and how often each occurs."""
    _, first, number, times = np.unique(values, axis=0, return_index=True, return_inverse=True, return_counts=True)
    return first, number.reshape(-1), times


def _parts(metric: Metric, predictions: Any, references: Any) -> Array:
    parts = metric.parts(predictions, references)
    assert parts is not None
    return parts


def _by_sums(metric: Metric, parts: Array, rows: int) -> Counted:
    def figures(counts: Array) -> Figures:
        return metric.finished(counts @ parts * (rows / counts.sum(axis=1, keepdims=True)), rows)

    return figures


def _by_calls(metric: Metric, predictions: Array, references: Array) -> Counted:
    def figures(counts: Array) -> Figures:
        drawn = (np.repeat(np.arange(len(own)), own.astype(np.int64)) for own in counts)
        return stacked([metric(predictions[at], references[at]) for at in drawn])

    return figures


def _by_queries(metric: Metric, predictions: Array, references: Array) -> Counted:
    draw = drawn_queries(references)

    def figures(counts: Array) -> Figures:
        return stacked([metric(predictions[at], sample) for at, sample in map(draw, counts)])

    return figures


def _shares(metric: Metric, predictions: Any, references: Any, level: float) -> dict[str, Span | None]:
    """Wilson's interval of each figure that counts rows, None for any other."""
    if not metric.per_row or metric.bootstrap != "rows":
        return {}
    parts = _parts(metric, predictions, references)
    names = metric.finished(parts.sum(axis=0)[None], len(parts))
    found = {name: share_of(metric, name, *parts.shape) for name in names}
    return {name: span_of_share(share, parts, level) if share else None for name, share in found.items()}


def _of_absolute(
    metric: Metric, sides: Sequence[Any], references: Any, samples: int, level: float, generator: np.random.Generator
) -> dict[str, Span]:
    """Intervals of sums of absolute means; see the top of this file.

    A mean's error is drawn from a normal distribution. For a true mean m, |m + error| - |m| is at least sign(m) * error
    and at most |error|, and nears the first where |m| is large. The interval allows for the most on its lower side.
    """
    rows, (name,) = len(references), metric.keys
    both = np.concatenate([_parts(metric, side, references) for side in sides], axis=1)
    parts, noise = np.moveaxis(both.reshape(rows, len(sides), 2, -1), 2, 0)  # (row, side, part) each
    means = parts.mean(axis=0)
    centred = (parts - means).reshape(rows, -1)
    covariance = centred.T @ centred / rows**2
    least_variance = noise.sum(axis=0).ravel() / rows**2  # few rows may all be right by chance
    np.fill_diagonal(covariance, np.maximum(covariance.diagonal(), least_variance))
    error = generator.multivariate_normal(np.zeros(means.size), covariance, size=samples, method="eigh")
    error = error.reshape(samples, *means.shape)
    signed = np.sign(means) * error
    clear = np.abs(means).ravel() > math.sqrt(math.log(max(rows, 2))) * np.sqrt(covariance.diagonal())
    most = np.where(clear.reshape(means.shape), signed, np.abs(error)).sum(axis=2)  # (sample, side)
    least = signed.sum(axis=2)
    figures = np.abs(means).sum(axis=1)
    point, above, below = figures[0], most[:, 0], least[:, 0]
    if len(sides) == 2:
        point, above, below = figures[1] - point, most[:, 1] - below, least[:, 1] - above
    low = point - max(0.0, float(np.quantile(above, (1 + level) / 2)))
    high = point - min(0.0, float(np.quantile(below, (1 - level) / 2)))
    return {name: (float(low) if len(sides) == 2 else max(float(low), 0.0), float(high))}
