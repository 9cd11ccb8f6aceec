"""Figures per class with their averages, and which labels are taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bertkit.report import figures
from bertkit.report.figures import ClassFigures
from bertkit.report.sections import ranked
from bertkit.report.sections.ranked import LabelCurves, LabelProbabilities
from bertkit.tasks.task import Verdict

MATRIX = 30
"""Most labels of a confusion matrix."""
PAIRS = 50
"""Most rows of the table of confusions."""
CLASSES = 500
"""Most classes in the table; those with the lowest F1 are shown."""


@dataclass(frozen=True)
class ClassRow:
    """A row of the table; a None is left empty."""

    name: str
    figures: ClassFigures
    average_precision: float | None = None
    area: float | None = None


@dataclass(frozen=True)
class ClassSection:
    """What the page shows of classes; all is empty where verdicts have none."""

    rows: Sequence[ClassRow] = ()
    averages: Sequence[ClassRow] = ()
    classes: int = 0
    """Of all; `rows` may be fewer."""
    worst_first: bool = False
    places: bool = False
    """Whether classes are those of entities, which have places in their text."""
    labels: Sequence[str] = ()
    matrix: Mapping[tuple[str, str], int] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    pairs: Sequence[tuple[str, str, int, float]] = ()
    plots: Sequence[tuple[Any, str]] = ()
    """PR and ROC curves with their captions."""
    ranked: bool = False
    """Whether the rows have average precisions."""


def section(verdicts: Sequence[Verdict], probabilities: LabelProbabilities | None) -> ClassSection:
    """Of the classes in the verdicts' labels."""
    rows = figures.per_class(verdicts, _names(verdicts, probabilities))
    if not rows:
        return ClassSection()
    counts = figures.confusions(verdicts)
    curves = ranked.curves_of(probabilities) if probabilities else LabelCurves([], None)
    scores = _scores(probabilities, curves)
    shown = sorted(rows, key=lambda one: one.f1) if len(rows) > MATRIX else rows
    matrix = counts if len(rows) <= MATRIX else {}
    pairs = figures.most_confused(counts, PAIRS)
    return ClassSection(
        rows=[ClassRow(one.name, one, *scores.get(one.name, ())) for one in shown[:CLASSES]],
        averages=_averages(rows, scores, curves, several=not counts),
        classes=len(rows),
        worst_first=len(rows) > MATRIX,
        places=any(len(label) > 1 for verdict in verdicts for label in verdict.expected_labels),
        labels=[one.name for one in rows],
        matrix=matrix,
        totals=figures.totals_of(counts),
        pairs=pairs if len(rows) > 2 else [],  # of two labels the matrix has all
        plots=ranked.drawn(curves),
        ranked=bool(scores),
    )


def _names(verdicts: Sequence[Verdict], probabilities: LabelProbabilities | None) -> Sequence[str]:
    """Labels to show though no row has them: with several labels per row, all that can be predicted, over which the
    macro figures are the mean, too."""
    if probabilities is None or figures.confusions(verdicts):
        return ()
    return probabilities.names


def _scores(found: LabelProbabilities | None, curves: LabelCurves) -> dict[str, tuple[float, float]]:
    """Label -> average precision and area under the ROC curve; of two labels, the first one's too."""
    scores = {one.name: (one.average_precision, one.area) for one in curves.labels}
    if found and len(found.names) == 2 and (first := ranked.curve(found.names[0], found.values[:, 0], found.has[:, 0])):
        scores[first.name] = first.average_precision, first.area
    return scores


def _averages(
    rows: Sequence[ClassFigures], scores: Mapping[str, tuple[float, float]], curves: LabelCurves, *, several: bool
) -> list[ClassRow]:
    """Macro and weighted average, and with several labels per row the micro average.

    Args:
        scores: see `_scores`; labels without them are left out of their averages.
    """
    supports = np.array([one.support for one in rows])
    own = np.array([scores.get(one.name, (np.nan, np.nan)) for one in rows])  # (class, 2)
    kept = ~np.isnan(own[:, 0])
    micro = curves.micro
    averages = [
        (figures.macro(rows), own[kept].mean(axis=0) if kept.any() else ()),
        (figures.weighted(rows), supports[kept] @ own[kept] / supports[kept].sum() if kept.any() else ()),
    ]
    if several:
        averages = [(figures.micro(rows), (micro.average_precision, micro.area) if micro else ()), *averages]
    return [ClassRow(one.name, one, *map(float, each)) for one, each in averages]
