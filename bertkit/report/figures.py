"""Figures computed from verdicts (tasks/problem.py): classes, confusions, calibration, lengths, the worst mistakes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bertkit.data.columns.labels import natural
from bertkit.metrics.classification import confidence_error
from bertkit.metrics.reliability.decisions import reliability_bins
from bertkit.tasks.task import Verdict

LENGTHS = 5
"""Number of bins of text length, each with about the same number of rows."""


class ClassFigures(NamedTuple):
    """One class; precision, recall and F1 are 0 where the divisor is 0."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    """How often it occurs in the true answers."""
    predicted: int
    """How often it occurs in the predictions."""


class Bin(NamedTuple):
    """Answers with similar confidence."""

    decisions: int
    confidence: float
    """Their mean."""
    accuracy: float
    """Share of them that is right."""


@dataclass(frozen=True)
class Calibration:
    bins: list[Bin]
    """Bins that are not empty, in order of confidence."""
    error: float
    """Expected calibration error, 0 to 1."""


class Length(NamedTuple):
    """Texts of similar length."""

    shortest: int
    """Characters."""
    longest: int
    rows: int
    score: float
    """Mean of their scores."""
    margin: float
    """Half the width of its 95% interval: 1.96 standard errors; 0 for a single row."""


def per_class(verdicts: Sequence[Verdict], names: Sequence[str] = ()) -> list[ClassFigures]:
    """Every class in the true answers or predictions, in natural order; empty if the verdicts have no classes.

    Args:
        names: classes to count even if no row has them.
    """
    hits: Counter[str] = Counter()
    true: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for verdict in verdicts:
        hits.update(str(one[0]) for one in verdict.expected_labels & verdict.predicted_labels)
        true.update(str(one[0]) for one in verdict.expected_labels)
        predicted.update(str(one[0]) for one in verdict.predicted_labels)
    found = {*true, *predicted}
    return [
        _figures(name, hits[name], true[name], predicted[name])
        for name in sorted({*found, *names} if found else (), key=natural)
    ]


def _figures(name: str, hits: int, support: int, predicted: int) -> ClassFigures:
    both = predicted + support
    precision, recall = hits / predicted if predicted else 0.0, hits / support if support else 0.0
    return ClassFigures(name, precision, recall, 2 * hits / both if both else 0.0, support, predicted)


def macro(rows: Sequence[ClassFigures]) -> ClassFigures:
    """The plain mean over classes; support and predictions are sums."""
    return _mean("macro average", rows, [1] * len(rows))


def weighted(rows: Sequence[ClassFigures]) -> ClassFigures:
    """The mean over classes, weighted by their support."""
    return _mean("weighted average", rows, [one.support for one in rows])


def micro(rows: Sequence[ClassFigures]) -> ClassFigures:
    """All decisions about all classes together."""
    hits = sum(round(one.recall * one.support) for one in rows)
    return _figures("micro average", hits, sum(one.support for one in rows), sum(one.predicted for one in rows))


def _mean(name: str, rows: Sequence[ClassFigures], weights: Sequence[int]) -> ClassFigures:
    figures = [(one.precision, one.recall, one.f1) for one in rows]
    precision, recall, f1 = np.average(figures, axis=0, weights=weights if any(weights) else None).tolist()
    return ClassFigures(name, precision, recall, f1, sum(one.support for one in rows), sum(r.predicted for r in rows))


def confusions(verdicts: Sequence[Verdict]) -> dict[tuple[str, str], int]:
    """The confusion matrix, `{(true, predicted): rows}`; empty unless every row has exactly one label.

    A label is a class without a place in the text: entities have places, so they are not labels.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for verdict in verdicts:
        sides = [next(iter(side)) for side in (verdict.expected_labels, verdict.predicted_labels) if len(side) == 1]
        if len(sides) != 2 or any(len(one) != 1 for one in sides):
            return {}
        counts[str(sides[0][0]), str(sides[1][0])] += 1
    return dict(counts)


def most_confused(counts: dict[tuple[str, str], int], most: int) -> list[tuple[str, str, int, float]]:
    """True label, predicted label, rows, and their share of the true label's rows; the most frequent first."""
    totals = totals_of(counts)
    wrong = [(true, predicted, count) for (true, predicted), count in counts.items() if true != predicted]
    wrong.sort(key=lambda pair: (-pair[2], natural(pair[0]), natural(pair[1])))
    return [(true, predicted, count, count / totals[true]) for true, predicted, count in wrong[:most]]


def totals_of(counts: dict[tuple[str, str], int]) -> dict[str, int]:
    """Number of rows of each true label."""
    totals: Counter[str] = Counter()
    for (true, _), count in counts.items():
        totals[true] += count
    return dict(totals)


def calibration(decisions: Sequence[tuple[float, bool]]) -> Calibration | None:
    """Accuracy by confidence, in 15 bins of equal width; the error is that of metrics/classification.py.

    Args:
        decisions: see `Task.decisions`; None is returned if there are none.
    """
    if not decisions:
        return None
    confidence = np.array([confidence for confidence, _ in decisions])  # (decision,)
    correct = np.array([correct for _, correct in decisions], dtype=np.float64)  # (decision,)
    bins = [Bin(int(b["count"]), b["confidence"], b["accuracy"]) for b in reliability_bins(confidence, correct)]
    return Calibration(bins, float(confidence_error(confidence, correct)))


def by_length(verdicts: Sequence[Verdict], bins: int = LENGTHS) -> list[Length]:
    """Mean score by the number of characters of the text, in bins of about the same number of rows.

    Texts of the same length share a bin, so that there may be fewer bins.
    """
    if not verdicts:
        return []
    lengths = np.array([len(verdict.text) for verdict in verdicts])  # (row,)
    scores = np.array([verdict.score for verdict in verdicts])
    ends = np.unique(np.quantile(lengths, np.arange(1, bins + 1) / bins, method="inverted_cdf"))
    places = np.searchsorted(ends, lengths)  # (row,): the first bin whose end is not below its length
    groups = []
    for place in range(len(ends)):
        own = places == place
        rows, part = int(own.sum()), scores[own]
        margin = 1.96 * float(part.std(ddof=1)) / math.sqrt(rows) if rows > 1 else 0.0
        groups.append(Length(int(lengths[own].min()), int(lengths[own].max()), rows, float(part.mean()), margin))
    return groups


def mistakes(verdicts: Sequence[Verdict], most: int, best: float = 1.0) -> list[tuple[int, Verdict]]:
    """The most confident wrong answers, as `(row number from 0, verdict)`; without confidences, the worst answers.

    Args:
        most: how many at most. Of equally confident answers the one with the lower score comes first.
        best: the score of a correct answer.
    """
    wrong = [(row, verdict) for row, verdict in enumerate(verdicts) if verdict.score < best]
    return sorted(wrong, key=lambda pair: (-(pair[1].confidence or 0.0), pair[1].score, pair[0]))[:most]
