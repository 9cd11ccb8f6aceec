"""Scores of labels -> answers of one label per row, or of several.

Labels are decided by the scaled scores, as thresholds are of these. `scaled=False` changes the probabilities alone.
"""

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
    logits: Array,
    features: Array | None,
    names: Sequence[str],
    fit: dict[str, Any],
    detector: Detector | None,
    *,
    scaled: bool = True,
) -> list[Answer]:
    """
    Args:
        logits: `(row, label)`.
        features: what the output layer reads, `(row, size)`, for the detector.
        fit: see `scaling.scaled`.
        detector: of rows out of scope; None, or not ready: these have a label like any other.
        scaled: whether the probabilities are those of the scaled scores.
    """
    scores = scaling.scaled(logits, fit)
    shown = scores if scaled else logits
    if detector is None or not detector.is_ready:
        # A temperature changes no label: not even by rounding, where two scores are almost equal.
        chosen = (scores if "scale" in fit else logits).argmax(-1)
        return _answers([{"label": names[number]} for number in chosen.tolist()], texts.softmax(shown), logits, names)
    far, outside = detector.judged(scores, features)
    inside = np.delete(np.arange(len(names)), detector.outside)
    chosen = np.where(outside, detector.outside, inside[logits[:, inside].argmax(-1)])
    likely = detector.probabilities(far)
    own = texts.softmax(shown[:, inside]) * (1 - likely)[:, None]
    labels = [{"label": names[n], OUTSIDE: score} for n, score in zip(chosen.tolist(), far.tolist(), strict=True)]
    return _answers(labels, np.insert(own, detector.outside, likely, axis=1), logits, names)


def several_labels(
    logits: Array, names: Sequence[str], fit: dict[str, Any], thresholds: Sequence[float], *, scaled: bool = True
) -> list[Answer]:
    """Answers (arguments as `one_label`).

    Args:
        thresholds: the lowest probability of each predicted label.
    """
    from scipy.special import expit

    probabilities = expit(scaling.scaled(logits, fit))
    likely = probabilities >= np.array(thresholds)  # (row, label)
    labels = [{"labels": [name for name, yes in zip(names, row, strict=True) if yes]} for row in likely]
    return _answers(labels, probabilities if scaled else expit(logits), logits, names)


def _answers(labels: list[dict[str, Any]], probabilities: Array, logits: Array, names: Sequence[str]) -> list[Answer]:
    return [
        {
            **label,
            "probabilities": dict(zip(names, likely, strict=True)),
            "logits": dict(zip(names, own, strict=True)),
        }
        for label, likely, own in zip(labels, probabilities.tolist(), logits.tolist(), strict=True)
    ]
