"""The least score at which the nearest known question answers a new one, chosen on questions whose answer is known.

Each question of the development set asks the index; its nearest known question is right if that has its answer. A
question without an answer is one that no known question should answer. The threshold is the one with the most right
outcomes: right answers above it, and questions without an answer below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bertkit.errors import DataError, Parameter
from bertkit.search.index.index import Index
from bertkit.search.index.rows import as_kind
from bertkit.search.vectors import vectors_of


class Outcome(NamedTuple):
    """Of the nearest known question to each question asked."""

    scores: list[float]
    right: list[bool]
    """Whether it has the answer of the question."""


class Rates(NamedTuple):
    """What a threshold does."""

    threshold: float
    hits: float
    """Share of the questions with an answer that get it."""
    wrong: float
    """Share of them that get another one."""
    false: float
    """Share of the questions without an answer that get one."""


def outcomes(index: Index, questions: Sequence[str], answers: Sequence[str | None], column: str) -> Outcome:
    """Ask the index every question.

    Args:
        answers: None: no known question answers it.

    Raises:
        DataError: the index is empty, or has no such column.
    """
    if column not in index.store.columns:
        what = f"{column}: the index has no such column"
        raise DataError.at(Parameter("answer"), what, f"its columns: {', '.join(index.store.columns)}")
    if not index.store.count():
        raise DataError.at(index.store.address, "holds no document", "add known questions first")
    predictor = index.model.queries
    vectors = vectors_of(predictor.task, predictor.predict(list(questions)))
    found, kind = Outcome([], []), index.store.schema.field(column).type
    for vector, answer in zip(vectors, answers, strict=True):
        near = index.store.nearest(vector, 1)
        if not len(near.rows):  # a vector of zeros: the model knows no word of the question
            found.scores.append(-1.0)
            found.right.append(False)
            continue
        row = int(near.rows[0])
        given = index.store.at([row], [column])[row][column]
        found.scores.append(float(near.cosines[0]))
        found.right.append(answer is not None and _same(given, answer, kind))
    return found


def _same(given: Any, answer: str, kind: Any) -> bool:
    """Whether a column's value is what a file of questions writes so: `19.90` is the number 19.9."""
    try:
        return bool(given == as_kind(answer, kind)) or str(given) == answer
    except ValueError:
        return False


def rates(found: Outcome, answers: Sequence[str | None], threshold: float) -> Rates:
    given = np.array(found.scores) >= threshold
    right, asked = np.array(found.right), np.array([answer is not None for answer in answers])
    none = max(int((~asked).sum()), 1)
    some = max(int(asked.sum()), 1)
    hits = int((given & right).sum()) / some
    return Rates(threshold, hits, int((given & asked & ~right).sum()) / some, int((given & ~asked).sum()) / none)


def tuned(found: Outcome, answers: Sequence[str | None]) -> float:
    """The threshold with the most right outcomes, halfway to the next lower score; of equally good ones the highest.

    Raises:
        DataError: no question has an answer, or all have: nothing tells where to end.
    """
    asked = np.array([answer is not None for answer in answers])
    if asked.all() or not asked.any():
        what = "all questions have an answer" if asked.all() else "no question has an answer"
        raise DataError.at("the questions", what, "a threshold needs questions of both kinds")
    order = np.argsort(-np.array(found.scores), kind="stable")
    scores = np.array(found.scores)[order]
    gains = np.where(np.array(found.right)[order], 1, np.where(asked[order], 0, -1))
    totals = np.concatenate([[0], np.cumsum(gains)])
    last = np.concatenate([[True], scores[:-1] > scores[1:], [True]])  # a threshold can not part equal scores
    totals = np.where(last, totals, -len(scores) - 1)
    best = int(np.argmax(totals))
    if best == 0:
        return float(scores[0]) + 1e-6
    return float(scores[best - 1] + scores[best]) / 2 if best < len(scores) else float(scores[-1])
