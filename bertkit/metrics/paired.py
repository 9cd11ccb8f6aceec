"""Do two models differ by more than chance on the same rows? Paired tests and paired intervals.

    differences(find_metric("macro_f1", "labels"), one, other, references)
    # [Difference("macro_f1", difference=0.021, interval=(0.008, 0.034), p=0.0021, test="randomisation, ...")]

- **McNemar, exact** (McNemar 1947), where a figure is the share of right rows: of the rows that just one model has
  right, does each have the half that a fair coin would give? Two-sided binomial; rows that both have right or wrong do
  not count.
- **Approximate randomisation** (Noreen 1989; Yeh 2000) for every other figure: if the models were alike, their answers
  to a row could be exchanged. p = (1 + shuffles with a difference as large) / (1 + shuffles). Where few rows differ,
  all exchanges are made instead, and p is exact.
- Intervals of the difference are paired bootstraps (bootstrap.py): both models are scored on the same resampled rows.

Shuffles stop once `ENOUGH` were as large, as p is then known well (Besag & Clifford 1991): models that do not differ
cost little time. A metric with `per_row` adds up rows; any other is called for each shuffle and model, so a slow one
stops after `SECONDS`. All this covers the choice of rows, not the spread between training seeds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertkit.metrics.bootstrap import Figures, differences_of, objects, stacked
from bertkit.metrics.metric import LISTS, Array, Metric
from bertkit.metrics.resamples.bounds import share_of

SHUFFLES = 10_000
"""Most shuffles (Yeh 2000 takes 2^20 for exactness; 10,000 give a p of 0.05 to within 0.004)."""
ENOUGH = 500
"""Differences as large as the observed one after which no more shuffles are needed: p is known to 5% of itself."""
BLOCK, CELLS = 250, 2**24
"""Shuffles at a time at most, and exchanges: those of a million rows take 128 MiB as numbers."""
SECONDS = 30.0
LEAST = 1000
"""Shuffles that are made however long they take."""
MCNEMAR = "McNemar, exact"


@dataclass(frozen=True)
class Effort:
    """Number of bootstrap samples behind an interval, and of shuffles at most."""

    samples: int = 1000
    shuffles: int = SHUFFLES
    seed: int = 0


@dataclass(frozen=True)
class Difference:
    """`other - one` of two models, its 95% interval, and how likely chance gives a difference at least as large."""

    figure: str
    one: float
    other: float
    interval: tuple[float, float]
    p: float
    test: str
    greater_is_better: bool = True
    corrected: float | None = None
    """p after Holm's correction, where several Runs are compared."""

    @property
    def difference(self) -> float:
        return self.other - self.one


@dataclass(frozen=True)
class Pair:
    """Two models' predictions of the same rows, as the metric takes them."""

    metric: Metric
    one: Array
    other: Array
    references: Array
    parts: tuple[Array, Array] | None
    """Of both models, `(unit, part)` each; None where the metric has none."""
    units: Array
    """`(row,)`: number of each row's unit (see `Metric.units`)."""

    @property
    def differing(self) -> Array:
        """`(unit,)`: where the predictions are not the same."""
        if self.metric.takes in LISTS:
            rows = np.array([a != b for a, b in zip(self.one, self.other, strict=True)])
        else:
            rows = (self.one != self.other).reshape(len(self.one), -1).any(axis=1)
        return np.bincount(self.units, weights=rows) > 0


def differences(
    metric: Metric, one: Any, other: Any, references: Any, effort: Effort | None = None
) -> list[Difference]:
    """How two models differ in the figures of a metric, the same for the same effort and its seed.

    Figures without an interval (see `Metric`) have no test either, and are left out.

    Args:
        one, other: their predictions, one per row, as the metric takes them.

    Raises:
        DataError, PluginError: as calling the metric does, or its parts do not give its figures.
    """
    if metric.bootstrap == "none":
        return []
    effort = effort or Effort()
    (first, actual), (second, _) = metric.checked(one, references), metric.checked(other, references)
    if metric.takes in LISTS:
        first, second, actual = map(objects, (first, second, actual))
    a, b = metric(first, actual), metric(second, actual)
    parts = _parts(metric, (first, second), actual, (a, b))
    pair = Pair(metric, first, second, actual, parts, metric.units(actual))
    spans = differences_of([first, second], metric, actual, samples=effort.samples, seed=effort.seed)
    names = [name for name in a if name in b and name in spans]
    tests = {name: (p, MCNEMAR) for name in names if (p := _mcnemar(pair, name)) is not None}
    rest = {name: b[name] - a[name] for name in names if name not in tests}
    tests |= _randomised(pair, rest, effort) if rest else {}
    better = metric.greater_is_better
    return [Difference(name, a[name], b[name], spans[name], *tests[name], better) for name in names]


def mcnemar(only_one: int, only_other: int) -> float:
    """Two-sided exact p, from the numbers of rows that just one of two models has right; 1 where there are none."""
    from scipy.stats import binom

    rows = only_one + only_other
    return min(1.0, 2 * float(binom.cdf(min(only_one, only_other), rows, 0.5))) if rows else 1.0


def holm(values: Sequence[float]) -> list[float]:
    """p values corrected for their number (Holm 1979), in the same order; nan stays, and does not count."""
    corrected = list(values)
    order = sorted((i for i, p in enumerate(values) if p == p), key=lambda i: values[i])
    highest = 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * values[i]))
        corrected[i] = highest
    return corrected


def _parts(
    metric: Metric, sides: tuple[Array, Array], references: Array, figures: tuple[dict[str, float], ...]
) -> tuple[Array, Array] | None:
    """Both models' parts, held against the figures of the metric's function."""
    one, other = (metric.parts(side, references) for side in sides)
    if one is None or other is None:
        return None
    for parts, own in zip((one, other), figures, strict=True):
        metric.check_parts(own, parts)
    return one, other


def _mcnemar(pair: Pair, name: str) -> float | None:
    """p; None where the figure is not the share of right rows."""
    if pair.parts is None:
        return None
    share = share_of(pair.metric, name, *pair.parts[0].shape)
    if share is None or share.whole is not None:
        return None
    one, other = (parts[:, share.part] for parts in pair.parts)
    if not np.isin([one, other], (0, 1)).all():
        return None
    return mcnemar(int((one > other).sum()), int((other > one).sum()))


def _randomised(pair: Pair, observed: dict[str, float], effort: Effort) -> dict[str, tuple[float, str]]:
    """p and name of the test of each observed difference; p is nan for one that is undefined."""
    different = pair.differing
    differing, units = np.flatnonzero(different), len(different)
    exact = len(differing) < 63 and 2 ** len(differing) <= effort.shuffles
    least = {name: abs(value) * (1 - 1e-9) - 1e-12 for name, value in observed.items()}  # allows for rounding
    counts, made, start = dict.fromkeys(observed, 0), 0, time.monotonic()
    for swaps in _every(differing, units) if exact else _drawn(units, effort):
        one, other = _exchanged(pair, swaps)
        for name in observed:  # undefined counts as large
            counts[name] += int((~(np.abs(other[name] - one[name]) < least[name])).sum())
        made += len(swaps)
        late = made >= LEAST and time.monotonic() - start > SECONDS
        if not exact and (late or min(counts.values()) >= ENOUGH):
            break
    more = 0 if exact else 1  # all exchanges include the observed difference already
    test = f"randomisation, {f'all {made:,} exchanges' if exact else f'{made:,} shuffles'}"
    if not len(differing):
        test = "randomisation, no answers differ"
    return {
        name: ((counts[name] + more) / (made + more) if np.isfinite(value) else np.nan, test)
        for name, value in observed.items()
    }


def _every(differing: Array, units: int) -> Iterator[Array]:
    """All exchanges of the units that differ, `(sample, unit)` of true and false, in blocks."""
    block = _block(units)
    for first in range(0, 2 ** len(differing), block):
        numbers = np.arange(first, min(first + block, 2 ** len(differing)))
        swaps = np.zeros((len(numbers), units), dtype=bool)
        swaps[:, differing] = (numbers[:, None] >> np.arange(len(differing))) & 1
        yield swaps


def _drawn(units: int, effort: Effort) -> Iterator[Array]:
    generator, block = np.random.default_rng(effort.seed), _block(units)
    for first in range(0, effort.shuffles, block):
        yield generator.integers(2, size=(min(block, effort.shuffles - first), units), dtype=np.int8).astype(bool)


def _block(units: int) -> int:
    """Shuffles at a time."""
    return max(1, min(BLOCK, CELLS // max(units, 1)))


def _exchanged(pair: Pair, swaps: Array) -> tuple[Figures, Figures]:
    """Both models' figures, `(sample,)` each, with the answers exchanged where `swaps` `(sample, unit)`."""
    if pair.parts:
        one, other = pair.parts
        moved = swaps.astype(np.float64) @ (other - one)  # (sample, part)
        exchanged = one.sum(axis=0) + moved, other.sum(axis=0) - moved
        return pair.metric.finished(exchanged[0], len(one)), pair.metric.finished(exchanged[1], len(one))
    results: tuple[list[dict[str, float]], list[dict[str, float]]] = ([], [])
    for swap in swaps:
        where = swap[pair.units].reshape(-1, *[1] * (pair.one.ndim - 1))
        for own, first, second in ((results[0], pair.one, pair.other), (results[1], pair.other, pair.one)):
            own.append(pair.metric(np.where(where, second, first), pair.references))
    return stacked(results[0]), stacked(results[1])
