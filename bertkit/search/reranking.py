"""Scores of documents for a query, by any task that scores a text for a query (`rerank`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertkit.errors import ModelError
from bertkit.inference.predictor import Predictor
from bertkit.tasks.task import Answer

Array = NDArray[Any]
PAIR = ("query", "text")


def check_reranker(predictor: Predictor, name: str) -> None:
    """Raise a ModelError for a model whose task does not score documents for queries."""
    inputs = tuple(column.name for column in predictor.task.columns if not column.answer)
    if inputs != PAIR:
        what = f"its task {predictor.recipe.task} does not score a text for a query"
        raise ModelError.at(name, what, "name a Run of bertkit train rerank, or a cross-encoder")


def scores_of(name: str, answers: Sequence[Answer]) -> Array:
    """`(answer,)` float64.

    Raises:
        ModelError: answers without a score, or scores that are no numbers.
    """
    try:
        found = np.array([answer["score"] for answer in answers], dtype=np.float64)
    except KeyError as error:
        raise ModelError.at(name, "its answers have no score", "name a Run of bertkit train rerank") from error
    if not np.isfinite(found).all():
        raise ModelError.at(name, "some scores are NaN or infinite", "the model may have diverged: train it again")
    return found
