"""How well a language model predicts masked tokens, and whether two segments belong together.

All are figures over masked tokens, or over pairs, of the whole split: not means of rows' means. Masks of validation
rows are fixed and at 15%, whatever training uses, so that Runs can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from bertkit.metrics.metric import Array, Finish, Metric

LOSS, RIGHT, PAIR = 0, 1, 2
"""Columns of the predictions: summed loss and number right of a row's masked tokens, and the pair's predicted label."""
MASKED, LABEL = 0, 1
"""Columns of the references: a row's masked tokens, and its pair's label, -1 where it has none."""


def masked_loss(predictions: Any, references: Any) -> float:
    """Mean loss of a masked token, in nats."""
    return _ratio(predictions[:, LOSS].sum(), references[:, MASKED].sum())


def perplexity(predictions: Any, references: Any) -> float:
    """exp of the mean loss: between how many equally likely tokens the model chooses."""
    return _exp(masked_loss(predictions, references))


def masked_accuracy(predictions: Any, references: Any) -> float:
    """Share of the masked tokens whose most likely token is the right one."""
    return _ratio(predictions[:, RIGHT].sum(), references[:, MASKED].sum())


def next_sentence_accuracy(predictions: Any, references: Any) -> float:
    """Share of the pairs whose label (next or random, in order or swapped) is predicted rightly."""
    right, pairs = _pairs(predictions, references).sum(axis=0)
    return _ratio(right, pairs)


def _pairs(predictions: Any, references: Any) -> Array:
    """`(row, 2)`: whether a row's pair is right, and whether it has one."""
    pairs = references[:, LABEL] >= 0
    return np.stack([pairs & (predictions[:, PAIR] == references[:, LABEL]), pairs], axis=1)


def _over_masked(column: int) -> Callable[[Any, Any], Array]:
    """A `per_row`: a column of the predictions, and the masked tokens."""
    return lambda predictions, references: np.stack([predictions[:, column], references[:, MASKED]], axis=1)


def _quotient(name: str, of: Callable[[float], float] = float) -> Finish:
    """A `finish`: a function of the first part by the second."""
    return lambda sums, rows: {name: np.array([of(_ratio(part, whole)) for part, whole in sums])}


def _exp(loss: float) -> float:
    return math.exp(loss) if not loss > 700 else math.inf


def _ratio(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else float("nan")


LANGUAGE = (
    Metric(
        "masked_loss", masked_loss, "language", greater_is_better=False,
        per_row=_over_masked(LOSS), finish=_quotient("masked_loss"),
    ),
    Metric(
        "perplexity", perplexity, "language", greater_is_better=False,
        per_row=_over_masked(LOSS), finish=_quotient("perplexity", _exp),
    ),
    Metric(
        "masked_accuracy", masked_accuracy, "language",
        per_row=_over_masked(RIGHT), finish=_quotient("masked_accuracy"),
    ),
    Metric(
        "next_sentence_accuracy", next_sentence_accuracy, "language",
        per_row=_pairs, finish=_quotient("next_sentence_accuracy"),
    ),
)  # fmt: skip
