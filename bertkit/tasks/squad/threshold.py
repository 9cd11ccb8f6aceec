"""The no-answer threshold: no answer is given where its score exceeds that of the best text by more than this.

A flag of google-research/bert's `run_squad.py`; here it is tuned on the validation rows for F1 and saved in the Run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bertkit.metrics.answers import best_text, best_threshold
from bertkit.metrics.squad import per_question


def tuned(answers: Sequence[dict[str, Any]], golds: Sequence[Sequence[str]]) -> float:
    """The threshold with the best F1.

    Args:
        golds: correct texts of each question; none if it has no answer.
    """
    _, f1 = _scores(answers, golds)
    return best_threshold(_differences(answers), np.where(_unanswerable(golds), -1.0, f1))


def refused(answers: Sequence[dict[str, Any]], threshold: float | None) -> np.ndarray:
    """`(question,)` bools: whether no answer is given; never where the threshold is None."""
    return np.zeros(len(answers), bool) if threshold is None else _differences(answers) > threshold


def correct(answers: Sequence[dict[str, Any]], golds: Sequence[Sequence[str]], refused: np.ndarray) -> np.ndarray:
    """`(question,)`: 1 where what is given, the best text or no answer, is exactly correct, else 0."""
    exact, _ = _scores(answers, golds)
    return np.where(refused, _unanswerable(golds), exact)


def _differences(answers: Sequence[dict[str, Any]]) -> np.ndarray:
    """`(question,)`: the score of no answer less that of the best text."""
    return np.array([-answer["score"] for answer in answers])


def _unanswerable(golds: Sequence[Sequence[str]]) -> np.ndarray:
    return np.array([not gold for gold in golds])


def _scores(answers: Sequence[dict[str, Any]], golds: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Exact match and F1 of the best text of each question, `(question,)`."""
    correct_texts = {str(i): list(gold) for i, gold in enumerate(golds)}
    best = {str(i): best_text(answer) for i, answer in enumerate(answers)}
    return per_question(correct_texts, best, "v2")
