"""Do two models differ by more than chance on the same rows? Paired tests and paired intervals.

    differences(find_metric("macro_f1", "labels"), one, other, references)
    # [Difference("macro_f1", difference=0.021, interval=(0.008, 0.034), p=0.0021, test="randomisation, ...")]

- **McNemar, exact** (McNemar 1947), where each row is right or wrong: of the rows on which just one model is right, is
  each model's share what a fair coin gives? Two-sided binomial; the rows that both have right or wrong tell nothing.
- **Approximate randomisation** (Noreen 1989; Yeh 2000) for every other figure: were the models alike, their answers
  to a row could change places. p = (1 + shuffles with a difference as large) / (1 + shuffles). Where few rows differ,
  all exchanges are gone through instead, and p is exact.
- Intervals of the difference are paired percentile bootstraps: both models are scored on the same rows drawn anew.

Shuffles end early once `ENOUGH` were as large, as p is then known well (Besag & Clifford 1991): what is no difference
costs little. The price of general metrics is a call a shuffle and model, so a slow one ends after `SECONDS`; means of
rows and entity counts are summed instead. All this tells of the rows, not of the spread between training seeds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertkit.metrics.metric import LISTS, Array, Metric
from bertkit.metrics.squad import Kind, per_question
from bertkit.metrics.tagging import compare as entity_counts

SHUFFLES = 10_000
"""Most shuffles (Yeh 2000 takes 2^20 for exactness; 10,000 know a p of 0.05 to 0.004)."""
ENOUGH = 500
"""Differences as large as the one seen after which no more shuffles are needed: p is known to 5% of itself."""
BLOCK = 250
SECONDS = 30.0
LEAST = 1000
"""Shuffles that are made however long they take."""
RIGHT_OR_WRONG = ("accuracy", "exact_match", "exact", "EM")
"""Figures that are the share of right rows; held against the rows before McNemar's test is taken."""
KINDS: dict[str, Kind] = {"squad": "v1", "squad_v2": "v2", "cmrc2018": "cmrc"}
MCNEMAR = "McNemar, exact"

Figures = dict[str, Array]
"""Figure -> `(sample,)`."""


@dataclass(frozen=True)
class Effort:
    """How much is drawn: bootstrap samples behind an interval, and shuffles at most (all exchanges where there are no
    more of them)."""

    samples: int = 1000
    shuffles: int = SHUFFLES
    seed: int = 0


@dataclass(frozen=True)
class Difference:
    """How far the other model is from the one: `other - one`, its 95% interval, and how likely chance gives as much."""

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

    @property
    def differing(self) -> Array:
        """`(row,)`: where the predictions are not the same."""
        if self.metric.takes in LISTS:
            return np.array([a != b for a, b in zip(self.one, self.other, strict=True)])
        return (self.one != self.other).reshape(len(self.one), -1).any(axis=1)


@dataclass(frozen=True)
class Sums:
    """Figures that follow from sums over rows: both models' `(row, part)`, and sums `(sample, part)` -> figures."""

    one: Array
    other: Array
    finish: Callable[[Array], Figures]


def differences(
    metric: Metric, one: Any, other: Any, references: Any, names: Sequence[str] = (), effort: Effort | None = None
) -> list[Difference]:
    """How two models differ in the figures of a metric, the same for the same effort and its seed.

    Args:
        one, other: their predictions, a row each, as the metric takes them.
        names: figures to compare; default: all.

    Raises:
        DataError, PluginError: as calling the metric does.
    """
    effort = effort or Effort()
    (first, actual), (second, _) = metric.checked(one, references), metric.checked(other, references)
    if metric.takes in LISTS:
        first, second, actual = map(_objects, (first, second, actual))
    pair = Pair(metric, first, second, actual)
    a, b = metric(first, actual), metric(second, actual)
    known = [name for name in names or a if name in a and name in b]
    sums = _sums(pair, a, b)
    spans = _intervals(pair, sums, known, effort)
    tests = {name: found for name in known if (found := _mcnemar(pair, name, a[name], b[name])) is not None}
    rest = {name: b[name] - a[name] for name in known if name not in tests}
    tests |= _randomised(pair, sums, rest, effort) if rest else {}
    better = metric.greater_is_better
    return [Difference(name, a[name], b[name], spans[name], *tests[name], better) for name in known]


def mcnemar(only_one: int, only_other: int) -> float:
    """Two-sided exact p of the rows on which just one of two models is right; 1 where there are none."""
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


def _mcnemar(pair: Pair, name: str, one: float, other: float) -> tuple[float, str] | None:
    """p and name of the test; None where the figure is not the share of right rows."""
    if name not in RIGHT_OR_WRONG:
        return None
    right = [_right(pair.metric, predicted, pair.references) for predicted in (pair.one, pair.other)]
    a, b = right
    if a is None or b is None:
        return None
    scale = 100 if pair.metric.takes == "answers" else 1
    if not np.allclose([scale * a.mean(), scale * b.mean()], [one, other], rtol=1e-6, atol=1e-9):
        return None
    return mcnemar(int((a & ~b).sum()), int((b & ~a).sum())), MCNEMAR


def _right(metric: Metric, predictions: Array, references: Array) -> Array | None:
    """`(row,)` of true and false."""
    if metric.takes == "labels":
        return (predictions == references).reshape(len(references), -1).all(axis=1)
    if metric.name in KINDS:
        return _questions(metric, predictions, references)[:, 0] == 1
    return None


def _questions(metric: Metric, predictions: Array, references: Array) -> Array:
    """`(row, 2)`: exact match and F1."""
    golds, given = ({str(row): value for row, value in enumerate(side)} for side in (references, predictions))
    return np.stack(per_question(golds, given, KINDS[metric.name]), axis=1)


def _sums(pair: Pair, one: dict[str, float], other: dict[str, float]) -> Sums | None:
    """The sums that a costly metric's figures follow from; None for another, or where they do not give its figures."""
    metric, rows = pair.metric, len(pair.references)
    if metric.name in KINDS and metric.takes == "answers":
        f1, exact = metric.keys
        a, b = (_questions(metric, side, pair.references) for side in (pair.one, pair.other))
        sums = Sums(a, b, lambda total: {exact: 100 * total[:, 0] / rows, f1: 100 * total[:, 1] / rows})
    elif metric.takes == "tags" and metric.name in ("entity_f1", "strict_entity_f1"):
        strict = metric.name.startswith("strict")
        a, b = (_entities(side, pair, strict) for side in (pair.one, pair.other))
        sums = Sums(a, b, lambda total: _entity_figures(total, "strict_" if strict else ""))
    else:
        return None
    for parts, figures in ((sums.one, one), (sums.other, other)):
        found = sums.finish(parts.sum(axis=0)[None])
        if not all(np.isclose(value[0], figures[name], rtol=1e-9) for name, value in found.items()):
            return None
    return sums


def _entities(predictions: Array, pair: Pair, strict: bool) -> Array:
    """`(row, 3)`: entities found rightly, found, and to be found."""
    prefixes = {tag[:1] for side in (pair.one, pair.other, pair.references) for row in side for tag in row if tag}
    scheme = "BIOES" if prefixes & {"E", "S"} else "IOB2"
    found = entity_counts(list(predictions), list(pair.references), scheme, "strict" if strict else "lenient")
    groups = found.predicted.sentence[found.hits[0]], found.predicted.sentence, found.gold.sentence
    return np.stack([np.bincount(group, minlength=len(predictions)) for group in groups], axis=1)


def _entity_figures(total: Array, start: str) -> Figures:
    hits, predicted, gold = total.T.astype(np.float64)
    below = {"precision": predicted, "recall": gold, "f1": (predicted + gold) / 2}
    return {
        f"{start}entity_{name}": np.divide(hits, count, out=np.zeros(len(hits)), where=count > 0)
        for name, count in below.items()
    }


def _intervals(pair: Pair, sums: Sums | None, names: Sequence[str], effort: Effort) -> dict[str, tuple[float, float]]:
    """The paired percentile bootstrap of each difference; nan where all samples leave it undefined."""
    generator = np.random.default_rng(effort.seed)
    rows, metric = len(pair.references), pair.metric
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(effort.samples):
        drawn = generator.integers(rows, size=rows)
        if sums:
            one, other = (
                {k: v[0] for k, v in sums.finish(side[drawn].sum(axis=0)[None]).items()}
                for side in (sums.one, sums.other)
            )
        else:
            one, other = (metric(side[drawn], pair.references[drawn]) for side in (pair.one, pair.other))
        for name in names:
            found[name].append(other.get(name, np.nan) - one.get(name, np.nan))
    spans = {}
    for name, values in found.items():
        defined = np.array(values)[np.isfinite(values)]
        low, high = np.quantile(defined, [0.025, 0.975]) if defined.size else (np.nan, np.nan)
        spans[name] = (float(low), float(high))
    return spans


def _randomised(pair: Pair, sums: Sums | None, seen: dict[str, float], effort: Effort) -> dict[str, tuple[float, str]]:
    """p and name of the test of each difference that was seen; p is nan for one that is undefined."""
    differing, rows = np.flatnonzero(pair.differing), len(pair.references)
    exact = len(differing) < 63 and 2 ** len(differing) <= effort.shuffles
    least = {name: abs(value) * (1 - 1e-9) - 1e-12 for name, value in seen.items()}  # what sums round away is no less
    counts, made, start = dict.fromkeys(seen, 0), 0, time.monotonic()
    for swaps in _every(differing, rows) if exact else _drawn(rows, effort):
        one, other = _exchanged(pair, sums, swaps)
        for name in seen:  # undefined is as large
            counts[name] += int((~(np.abs(other[name] - one[name]) < least[name])).sum())
        made += len(swaps)
        late = made >= LEAST and time.monotonic() - start > SECONDS
        if not exact and (late or min(counts.values()) >= ENOUGH):
            break
    more = 0 if exact else 1  # what was seen is one of all exchanges already
    said = f"randomisation, {f'all {made:,} exchanges' if exact else f'{made:,} shuffles'}"
    if not len(differing):
        said = "randomisation, no answers differ"
    return {
        name: ((counts[name] + more) / (made + more) if np.isfinite(value) else np.nan, said)
        for name, value in seen.items()
    }


def _every(differing: Array, rows: int) -> Iterator[Array]:
    """All exchanges of the rows that differ, `(sample, row)` of true and false, in blocks."""
    for first in range(0, 2 ** len(differing), BLOCK):
        numbers = np.arange(first, min(first + BLOCK, 2 ** len(differing)))
        swaps = np.zeros((len(numbers), rows), dtype=bool)
        swaps[:, differing] = (numbers[:, None] >> np.arange(len(differing))) & 1
        yield swaps


def _drawn(rows: int, effort: Effort) -> Iterator[Array]:
    generator = np.random.default_rng(effort.seed)
    for first in range(0, effort.shuffles, BLOCK):
        yield generator.integers(2, size=(min(BLOCK, effort.shuffles - first), rows), dtype=np.int8).astype(bool)


def _exchanged(pair: Pair, sums: Sums | None, swaps: Array) -> tuple[Figures, Figures]:
    """Both models' figures, `(sample,)` each, with the answers of the rows exchanged where `swaps` `(sample, row)`."""
    if sums:
        moved = swaps.astype(np.float64) @ (sums.other - sums.one)  # (sample, part)
        return sums.finish(sums.one.sum(axis=0) + moved), sums.finish(sums.other.sum(axis=0) - moved)
    both: tuple[dict[str, list[float]], dict[str, list[float]]] = ({}, {})
    for swap in swaps:
        where = swap.reshape(-1, *[1] * (pair.one.ndim - 1))
        for found, first, second in ((both[0], pair.one, pair.other), (both[1], pair.other, pair.one)):
            for name, value in pair.metric(np.where(where, second, first), pair.references).items():
                found.setdefault(name, []).append(value)
    one, other = ({name: np.array(values) for name, values in found.items()} for found in both)
    return one, other


def _objects(values: Any) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = [*values]
    return array
