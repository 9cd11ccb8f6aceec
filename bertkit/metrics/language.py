"""How well a language model fills in what was masked, and tells whether two segments belong together.

All are figures over masked tokens, or over pairs, of the whole split: not means of rows' means. Masks of validation
rows are fixed and at 15% whatever the training's are, so that Runs compare.
"""

from __future__ import annotations

import math
from typing import Any

from bertkit.metrics.metric import Metric

LOSS, RIGHT, PAIR = 0, 1, 2
"""Columns of the predictions: summed loss and number right of a row's masked tokens, and the pair's predicted label."""
PIECES, LABEL = 0, 1
"""Columns of the references: a row's masked tokens, and its pair's label, -1 where it has none."""


def masked_loss(predictions: Any, references: Any) -> float:
    """Mean loss of a masked token, in nats."""
    return _ratio(predictions[:, LOSS].sum(), references[:, PIECES].sum())


def perplexity(predictions: Any, references: Any) -> float:
    """exp of the mean loss: among how many words, equally likely, the model is in doubt."""
    loss = masked_loss(predictions, references)
    return math.exp(loss) if not loss > 700 else math.inf


def masked_accuracy(predictions: Any, references: Any) -> float:
    """Share of the masked tokens whose most likely word is the right one."""
    return _ratio(predictions[:, RIGHT].sum(), references[:, PIECES].sum())


def next_sentence_accuracy(predictions: Any, references: Any) -> float:
    """Share of the pairs whose label (next or random, in order or swapped) is told rightly."""
    pairs = references[:, LABEL] >= 0
    right = predictions[pairs, PAIR] == references[pairs, LABEL]
    return _ratio(right.sum(), len(right))


def _ratio(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else float("nan")


LANGUAGE = (
    Metric("masked_loss", masked_loss, "language", greater_is_better=False),
    Metric("perplexity", perplexity, "language", greater_is_better=False),
    Metric("masked_accuracy", masked_accuracy, "language"),
    Metric("next_sentence_accuracy", next_sentence_accuracy, "language"),
)
