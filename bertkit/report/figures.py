"""What can be reckoned from verdicts (tasks/task.py): classes, confusions, calibration, length, the worst mistakes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bertkit.data.columns.labels import natural
from bertkit.metrics.classification import CALIBRATION_BINS, confidence_error
from bertkit.tasks.task import Verdict

LENGTHS = 5
"""Bins of a text's length, with about as many rows in each."""


class ClassFigures(NamedTuple):
    """One class; precision, recall and F1 are 0 where there is nothing to divide by."""

    name: str
    precision: float
    recall: float
    f1: float
    wanted: int
    """How often it was to be found: its support."""
    found: int


class Bin(NamedTuple):
    """Answers of like confidence."""

    rows: int
    confidence: float
    """Their mean."""
    right: float
    """The share of them that is right."""


@dataclass(frozen=True)
class Calibration:
    bins: list[Bin]
    """Those that hold answers, in order."""
    error: float


class Length(NamedTuple):
    """Texts of like length."""

    shortest: int
    """Characters."""
    longest: int
    rows: int
    score: float
    """The mean of their scores."""
    margin: float
    """Half of its 95% interval: 1.96 standard errors; 0 for a single row."""


def per_class(verdicts: Sequence[Verdict]) -> list[ClassFigures]:
    """Every class that was to be found or was found, in natural order; nothing where the verdicts have none."""
    hits: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for verdict in verdicts:
        hits.update(str(one[0]) for one in verdict.expected_labels & verdict.predicted_labels)
        wanted.update(str(one[0]) for one in verdict.expected_labels)
        found.update(str(one[0]) for one in verdict.predicted_labels)
    return [
        ClassFigures(
            name,
            hits[name] / found[name] if found[name] else 0.0,
            hits[name] / wanted[name] if wanted[name] else 0.0,
            2 * hits[name] / (found[name] + wanted[name]),
            wanted[name],
            found[name],
        )
        for name in sorted(wanted | found, key=natural)
    ]


def confusions(verdicts: Sequence[Verdict]) -> dict[tuple[str, str], int]:
    """How often each label was answered by each, `{(right, given): rows}`; empty unless every row has just one label.

    A label is a class that stands alone in its row: entities, which have places beside their class, are none.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for verdict in verdicts:
        sides = [next(iter(side)) for side in (verdict.expected_labels, verdict.predicted_labels) if len(side) == 1]
        if len(sides) != 2 or any(len(one) != 1 for one in sides):
            return {}
        counts[str(sides[0][0]), str(sides[1][0])] += 1
    return dict(counts)


def most_confused(counts: dict[tuple[str, str], int], most: int) -> list[tuple[str, str, int, float]]:
    """Right label, given one, rows, and their share of the right label's rows; the most rows first."""
    totals = totals_of(counts)
    wrong = [(right, given, count) for (right, given), count in counts.items() if right != given]
    wrong.sort(key=lambda pair: (-pair[2], natural(pair[0]), natural(pair[1])))
    return [(right, given, count, count / totals[right]) for right, given, count in wrong[:most]]


def totals_of(counts: dict[tuple[str, str], int]) -> dict[str, int]:
    """Rows of each right label."""
    totals: Counter[str] = Counter()
    for (right, _), count in counts.items():
        totals[right] += count
    return dict(totals)


def calibration(verdicts: Sequence[Verdict]) -> Calibration | None:
    """How often answers are right, by their confidence, in 15 bins of equal width (Guo et al. 2017, section 5).

    An answer is right where its score is 1. Its error is that of metrics/classification.py. Rows without a confidence
    (no entity was found) are left out; None where none has one.
    """
    pairs = [(v.confidence, v.score >= 1) for v in verdicts if v.confidence is not None]
    if not pairs:
        return None
    confidence = np.array([sure for sure, _ in pairs])  # (row,)
    right = np.array([hit for _, hit in pairs], dtype=np.float64)
    bins = np.ceil(confidence.clip(max=1) * CALIBRATION_BINS).astype(int)
    filled = []
    for number in np.unique(bins):
        own = bins == number
        filled.append(Bin(int(own.sum()), float(confidence[own].mean()), float(right[own].mean())))
    return Calibration(filled, float(confidence_error(confidence, right)))


def by_length(verdicts: Sequence[Verdict], bins: int = LENGTHS) -> list[Length]:
    """The mean score by the characters of what was asked, in bins of about as many rows; texts of one length stand in
    one bin, so that there may be fewer."""
    if not verdicts:
        return []
    lengths = np.array([len(verdict.text) for verdict in verdicts])  # (row,)
    scores = np.array([verdict.score for verdict in verdicts])
    ends = np.unique(np.quantile(lengths, np.arange(1, bins + 1) / bins, method="inverted_cdf"))
    places = np.searchsorted(ends, lengths)  # the bin of each row: the first whose end is not below it
    found = []
    for place in range(len(ends)):
        own = places == place
        rows, part = int(own.sum()), scores[own]
        margin = 1.96 * float(part.std(ddof=1)) / math.sqrt(rows) if rows > 1 else 0.0
        found.append(Length(int(lengths[own].min()), int(lengths[own].max()), rows, float(part.mean()), margin))
    return found


def mistakes(verdicts: Sequence[Verdict], most: int, best: float = 1.0) -> list[tuple[int, Verdict]]:
    """Row, from 0, and verdict of the wrong answers that were the surest; where answers have no confidence, the worst.

    Of answers as sure as each other the worse comes first. `best` is the score of a right answer.
    """
    wrong = [(row, verdict) for row, verdict in enumerate(verdicts) if verdict.score < best]
    return sorted(wrong, key=lambda pair: (-(pair[1].confidence or 0.0), pair[1].score, pair[0]))[:most]
