"""Figures of answers a row: the official scorers of squad.py as metrics that a recipe can name, in percent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bertkit.metrics.metric import Metric
from bertkit.metrics.squad import Kind, confidence, per_question, score_cmrc, score_v1, score_v2


def _metric(name: str, kind: Kind, score: Callable[[Any, Any], dict[str, float]], f1: str, exact: str) -> Metric:
    def figures(predictions: Any, references: Any) -> dict[str, float]:
        return score(_by_row(references), _by_row(predictions))

    def spans(predictions: Any, references: Any, samples: int) -> dict[str, tuple[float, float]]:
        found = confidence(*per_question(_by_row(references), _by_row(predictions), kind), samples=samples)
        return {f1: found["f1"], exact: found["exact"]}

    return Metric(name, figures, "answers", keys=(f1, exact), intervals=spans)


def _by_row(values: Any) -> dict[str, Any]:
    return {str(row): value for row, value in enumerate(values)}


ANSWERS = (
    _metric("squad", "v1", score_v1, "f1", "exact_match"),
    _metric("squad_v2", "v2", score_v2, "f1", "exact"),
    _metric("cmrc2018", "cmrc", score_cmrc, "F1", "EM"),
)
"""Of SQuAD 1.1, SQuAD 2.0 and CMRC 2018."""
