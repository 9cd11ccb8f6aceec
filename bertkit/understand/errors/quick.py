"""`--quick`: a logistic regression on sentence vectors in place of a trained model, for labels of texts.

The vectors are those of the encoder that the Run's training started from, never those of the Run itself: a fine-tuned
encoder has trained on these rows' labels, also the wrong ones, and puts a row near others with its given label. With
such vectors no fold would be out of fold. For the same reason an encoder that was itself trained on labels by a Run is
refused. Seconds in place of minutes per fold; fewer errors are found where labels depend on more than the topic.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from bertkit.engine.run import Progress
from bertkit.errors import DataError, Parameter, RecipeError
from bertkit.inference.vectors import embed
from bertkit.run import Run
from bertkit.tasks.task import Task, make_task
from bertkit.understand.errors.calibrated import Floats
from bertkit.understand.errors.judges.judge import Belief, FoldAnswers, Judge
from bertkit.understand.errors.origin import trained_on_labels
from bertkit.understand.errors.out_of_fold import AnswerFold, FoldPlan, RowOutcome, outcomes_of
from bertkit.understand.errors.pool import Pool
from bertkit.warn import collect

log = logging.getLogger("bertkit")

KINDS = ("label", "labels")
STRENGTH = 100.0
"""Inverse of the regularisation (scikit-learn's C) times the number of rows, on standardised vectors. Of MiniLM's
vectors of 500, 1,500, 4,000 and 7,500 texts of Banking77, such a C was within 0.01 of the best accuracy; on other
texts, each time.
"""
STEPS = 1000


def check_quick(run: Run, pool: Pool) -> str:
    """The encoder that the Run's training started from.

    Raises:
        RecipeError: answers that are no labels of texts, or an encoder that was not pre-trained, or was trained on
        labels.
        DataError: rows of a single label.
    """
    quick = Parameter("quick")
    if pool.answer.kind not in KINDS or any(c.kind != "text" for c in pool.columns if not c.answer):
        raise RecipeError.at(quick, f"is for labels of texts, and the task is {run.recipe.task}", "leave it out")
    name = run.recipe.model.name
    if name is None:
        what = "the Run began with random weights, whose vectors say nothing of a text"
        raise RecipeError.at(quick, what, "leave it out")
    if what := trained_on_labels(run):
        raise RecipeError.at(quick, what, "leave it out: the folds are then trained")
    if len(pool.label_names) < 2:
        what = f"all {len(pool):,} rows have the same label" if pool.label_names else "no row has a label"
        raise DataError.at("data", what, "errors are found among two labels or more")
    return name


def quick_fold(run: Run, plan: FoldPlan, judge: Judge, progress: Progress = iter) -> AnswerFold:
    """A function that answers the rows of a fold by a logistic regression, with calibrated beliefs.

    Raises:
        RecipeError: see `check_quick`.
    """
    vectors = _vectors(check_quick(run, plan.pool), plan.pool)
    task = make_task(run.recipe, {**run.task_state, "labels": plan.pool.label_names})

    def answer(fold: int) -> tuple[list[Belief], list[RowOutcome]]:
        model = _Regression(plan.pool, vectors, plan.train(fold))
        held, own = plan.held(fold), plan.own(fold)
        beliefs = [Belief(row[None]) for row in model.likely(vectors[own])]
        of_held = [Belief(row[None]) for row in model.likely(vectors[held])]
        calibrated = judge.calibrated(of_held, held.tolist(), beliefs)
        return calibrated, _outcomes(task, plan.pool, own.tolist(), calibrated)

    return answer


class _Regression:
    """One of all labels, or one of each where a row may have several."""

    def __init__(self, pool: Pool, vectors: Floats, rows: Any):
        from sklearn.linear_model import LogisticRegression

        self.names = pool.label_names
        self.several = pool.answer.kind == "labels"
        given = [pool.labels[row] for row in rows.tolist()]
        has = np.array([[name in own for name in self.names] for own in given], dtype=bool)  # (row, label)
        kind = {"C": min(1.0, STRENGTH / len(rows)), "max_iter": STEPS}
        own = vectors[rows]
        self.mean, self.spread = own.mean(0), np.maximum(own.std(0), 1e-9)
        own = (own - self.mean) / self.spread
        self.shares = has.mean(0)
        self.alone = not self.several and has.any(0).sum() < 2  # one label in all of the fold's training rows
        if self.alone:
            return
        if not self.several:
            self.models = [LogisticRegression(**kind).fit(own, has.argmax(1))]
            return
        self.models = [
            LogisticRegression(**kind).fit(own, side) if 0 < side.sum() < len(side) else None for side in has.T
        ]

    def likely(self, vectors: Floats) -> Floats:
        """`(row, label)`."""
        if self.alone:
            return np.tile(self.shares, (len(vectors), 1))
        vectors = (vectors - self.mean) / self.spread
        if self.several:
            parts = [
                np.full(len(vectors), share) if model is None else model.predict_proba(vectors)[:, 1]
                for model, share in zip(self.models, self.shares, strict=True)
            ]
            return np.stack(parts, 1)
        likely = np.zeros((len(vectors), len(self.names)))
        likely[:, self.models[0].classes_] = self.models[0].predict_proba(vectors)
        return likely


def _vectors(encoder: str, pool: Pool) -> Floats:
    """`(row, size)`; of a pair both vectors and their distance in each dimension."""
    columns = [column.name for column in pool.columns if column.kind == "text"]
    log.info("vectors of %s rows by %s", f"{len(pool):,}", encoder)
    with collect():
        parts = [embed(encoder, [str(row[name]) or " " for row in pool.rows]).astype(np.float64) for name in columns]
    joined = [*parts, *(np.abs(parts[0] - other) for other in parts[1:])]
    return np.concatenate(joined, 1)


def _outcomes(task: Task, pool: Pool, rows: Sequence[int], beliefs: Sequence[Belief]) -> list[RowOutcome]:
    """By the task's own verdicts, of answers that a file of predictions could hold."""
    names, several = pool.label_names, pool.answer.kind == "labels"
    answers = []
    for row, belief in zip(rows, beliefs, strict=True):
        likely = belief.values[0]
        chosen: Any = [n for n, p in zip(names, likely, strict=True) if p >= 0.5] if several else names[likely.argmax()]
        columns = {f"probability_{name}": float(p) for name, p in zip(names, likely, strict=True)}
        answers.append(task.parse({task.answer_columns[0]: chosen, **columns}, pool.rows[row]))
    return outcomes_of(FoldAnswers(task, {}, None, answers, [pool.rows[row] for row in rows]))  # type: ignore[arg-type]
