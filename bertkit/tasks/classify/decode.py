"""Scores of labels -> answers of one label per row, or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bertkit.metrics.metric import Array
from bertkit.tasks import texts
from bertkit.tasks.classify.out_of_scope.detector import Detector
from bertkit.tasks.confidence import scaling
from bertkit.tasks.task import Answer

OUTSIDE = "out_of_scope_score"
"""Part of an answer, and column: how far the row is outside all labels."""


def one_label(
    logits: Array, features: Array | None, names: Sequence[str], fit: dict[str, Any], detector: Detector | None
) -> list[Answer]:
    """
    Args:
        logits: `(row, label)`.
        features: what the output layer reads, `(row, size)`, for the detector.
        fit: see `scaling.scaled`.
        detector: of rows out of scope; None, or not ready: these have a label like any other.
    """
    scores = scaling.scaled(logits, fit)
    # A temperature changes no label: not even by rounding, where two scores are almost equal.
    chosen, probabilities = (scores if "scale" in fit else logits).argmax(-1), texts.softmax(scores)
    more: list[dict[str, Any]] = [{} for _ in logits]
    if detector is not None and detector.is_ready:
        own = np.insert(np.delete(logits, detector.outside, axis=1), detector.outside, -np.inf, axis=1)
        far, outside, probabilities = detector.judged(scores, features)
        chosen = np.where(outside, detector.outside, own.argmax(-1))
        more = [{OUTSIDE: score} for score in far.tolist()]
    labels = [{"label": names[number]} for number in chosen.tolist()]
    return [{**a, **b, **c} for a, b, c in zip(labels, _scored(logits, probabilities, names), more, strict=True)]


def several_labels(
    logits: Array, names: Sequence[str], fit: dict[str, Any], thresholds: Sequence[float]
) -> list[Answer]:
    """
    Args:
        thresholds: the lowest probability of each predicted label.
    """
    from scipy.special import expit

    probabilities = expit(scaling.scaled(logits, fit))
    likely = probabilities >= np.array(thresholds)  # (row, label)
    labels = [{"labels": [name for name, yes in zip(names, row, strict=True) if yes]} for row in likely]
    return [{**a, **b} for a, b in zip(labels, _scored(logits, probabilities, names), strict=True)]


def _scored(logits: Array, probabilities: Array, names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"probabilities": dict(zip(names, p, strict=True)), "logits": dict(zip(names, score, strict=True))}
        for p, score in zip(probabilities.tolist(), logits.tolist(), strict=True)
    ]
