"""The official scorers of squad.py as metrics that a recipe can name: one answer per row, figures in percent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bertkit.metrics.classification import confidence_error, confidence_gaps, of_gaps
from bertkit.metrics.metric import Array, Metric, Trusted, means
from bertkit.metrics.squad import Kind, exact, per_question, score_cmrc, score_v1, score_v2
from bertkit.metrics.trusted import answers as trusted
from bertkit.metrics.trusted.labels import gap


def _metric(
    name: str, kind: Kind, score: Callable[[Any, Any], dict[str, float]], f1: str, exact: str, reference: Trusted
) -> Metric:
    def figures(predictions: Any, references: Any) -> dict[str, float]:
        return score(_by_row(references), _by_row(predictions))

    def per_row(predictions: Any, references: Any) -> Array:
        matched, overlap = per_question(_by_row(references), _by_row(predictions), kind)
        return np.stack([overlap, matched], axis=1)

    keys = (f1, exact)
    finish = means(*keys, scale=100)
    return Metric(name, figures, "answers", keys=keys, per_row=per_row, finish=finish, reference=reference)


def _by_row(values: Any) -> dict[str, Any]:
    return {str(row): value for row, value in enumerate(values)}


ANSWERS = (
    _metric("squad", "v1", score_v1, "f1", "exact_match", trusted.V1),
    _metric("squad_v2", "v2", score_v2, "f1", "exact", trusted.V2),
    _metric("cmrc2018", "cmrc", score_cmrc, "F1", "EM", trusted.CMRC),
)
"""SQuAD 1.1, SQuAD 2.0 and CMRC 2018."""


def best_text(answer: dict[str, Any]) -> str:
    """The best text of an answer, also where "no answer" was preferred to it."""
    return next((entry["text"] for entry in answer["n_best"] if entry["text"]), "")


def best_figures(answers: list[dict[str, Any]], golds: list[list[str]]) -> dict[str, float]:
    """`best_exact`, `best_f1`, in percent, with the best no-answer threshold, and that threshold (`..._thresh`).

    The search is that of `evaluate-v2.0.py`. The texts are the best ones, also where the answer is "no answer", and a
    threshold is a difference of scores, as the task's option is.
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

    The search of `evaluate-v2.0.py`, with two changes: rows with equal differences are all answered or none, and the
    threshold lies half-way to the next difference, so that a rounding error changes nothing.

    Args:
        differences: score of no answer minus that of the best text, `(row,)`.
        gains: what answering a row adds to the score: its F1, or -1 where it has no answer; `(row,)`.
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
    """Calibration error of the answers: how far their confidence is from the share that is exactly right."""
    return confidence_error(*_confidence(answers, golds))


def _gaps(answers: list[dict[str, Any]], golds: list[list[str]]) -> Array:
    return confidence_gaps(*_confidence(answers, golds), len(golds))


def _confidence(answers: list[dict[str, Any]], golds: list[list[str]]) -> tuple[Array, Array]:
    right = np.array([exact(answer["answer"], gold) for answer, gold in zip(answers, golds, strict=True)])
    return np.array([answer["confidence"] for answer in answers]), right


BEST = Metric("best", best_figures, "candidates", keys=("best_f1", "best_exact"), bootstrap="none")
"""Where questions may have no answer. Without intervals: the figures are maxima, which resampling shifts."""
CALIBRATION = Metric(
    "calibration_error", answer_calibration, "candidates", greater_is_better=False,
    per_row=_gaps, finish=of_gaps, bootstrap="absolute",
    reference=Trusted("scipy binned_statistic", lambda answers, golds: gap(*_confidence(answers, golds))),
)  # fmt: skip
