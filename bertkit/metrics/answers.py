"""Figures of answers a row: the official scorers of squad.py as metrics that a recipe can name, in percent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bertkit.metrics.classification import confidence_error
from bertkit.metrics.metric import Metric
from bertkit.metrics.squad import Kind, confidence, exact, per_question, score_cmrc, score_v1, score_v2


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


def best_text(answer: dict[str, Any]) -> str:
    """The best text of an answer, also where it was given up for no answer."""
    return next((entry["text"] for entry in answer["n_best"] if entry["text"]), "")


def best_figures(answers: list[dict[str, Any]], golds: list[list[str]]) -> dict[str, float]:
    """What the best threshold of no answer would score, in percent, and that threshold: `best_exact`, `best_f1`.

    `evaluate-v2.0.py` searches so among the texts and no-answer scores it is given. Here the texts are the best ones,
    also where no answer was given, and a threshold is a difference of scores, as the task's option is.
    """
    scores = per_question(_by_row(golds), _by_row(map(best_text, answers)))
    differences = np.array([-answer["score"] for answer in answers])
    none = np.array([not gold for gold in golds])
    figures: dict[str, float] = {}
    for name, each in zip(("exact", "f1"), scores, strict=True):
        gains = np.where(none, -1.0, each)
        threshold = best_threshold(differences, gains)
        kept = gains[differences <= threshold].sum()
        figures |= {f"best_{name}": float(100 * (none.sum() + kept) / len(none)), f"best_{name}_thresh": threshold}
    return figures


def best_threshold(differences: np.ndarray, gains: np.ndarray) -> float:
    """The threshold with the highest sum of `gains` over the rows that are answered.

    The search of `evaluate-v2.0.py`, but where differences are equal all of them are answered or none, and the
    threshold lies half-way to the next one, so that a rounding error changes nothing.

    Args:
        differences: score of no answer less that of the best text, `(row,)`.
        gains: what answering a row adds to the score: its F1, or -1 where it has no answer.
    """
    order = np.argsort(differences, kind="stable")
    sorted_ = differences[order]
    sums = np.concatenate([[0.0], np.cumsum(gains[order])])  # of the first 0, 1, ... rows answered
    possible = np.concatenate([[True], sorted_[1:] > sorted_[:-1], [True]])
    best = int(np.argmax(np.where(possible, sums, -np.inf)))
    if best == 0:
        return float(sorted_[0] - 1)
    if best == len(sorted_):
        return float(sorted_[-1] + 1)
    low, high = float(sorted_[best - 1]), float(sorted_[best])
    middle = (low + high) / 2
    return middle if low <= middle < high else low


def answer_calibration(answers: list[dict[str, Any]], golds: list[list[str]]) -> float:
    """How far the confidence of answers is from the share that is exactly right: `calibration_error` of the answers."""
    right = np.array([exact(answer["answer"], gold) for answer, gold in zip(answers, golds, strict=True)])
    return confidence_error(np.array([answer["confidence"] for answer in answers]), right)


def _none(predictions: Any, references: Any, samples: int) -> dict[str, tuple[float, float]]:
    """No intervals: those of a maximum, or of gaps without a sign, lie beside the figure when rows are drawn anew."""
    return {}


BEST = Metric("best", best_figures, "candidates", keys=("best_f1", "best_exact"), intervals=_none)
"""Where questions may have no answer."""
CALIBRATION = Metric("calibration_error", answer_calibration, "candidates", greater_is_better=False, intervals=_none)
