"""How far the confidence of decisions can be believed: figures of pairs of a confidence and whether it was right."""

from __future__ import annotations

import numpy as np

from bertkit.metrics.classification import CALIBRATION_BINS, area_of, confidence_error
from bertkit.metrics.metric import Array
from bertkit.metrics.reliability.smooth import smooth_error

SMALLEST = 1e-12
"""Least probability of what happened, so that no decision is infinitely unlikely."""


def reliability(confidence: Array, right: Array) -> dict[str, float]:
    """`calibration_error` in 15 bins, `smooth_calibration_error`, `brier_score`, `log_loss`, and `ranking`: the chance
    that a right decision is surer than a wrong one (nan where all are right, or none). The mean of each is over
    decisions.

    Args:
        confidence: 0 to 1, `(decision,)`, of at least one.
        right: whether each is right, `(decision,)`.
    """
    right = np.asarray(right, dtype=bool)
    likely = np.where(right, confidence, 1 - confidence).clip(SMALLEST, 1)
    return {
        "calibration_error": float(confidence_error(confidence, right)),
        "smooth_calibration_error": smooth_error(confidence, right),
        "brier_score": float(((confidence - right) ** 2).mean()),
        "log_loss": float(-np.log(likely).mean()),
        "ranking": float(area_of(confidence, right)),
    }


def reliability_bins(confidence: Array, right: Array) -> list[dict[str, float]]:
    """Decisions with similar confidence, in 15 bins of equal width (Guo et al. 2017, section 5); empty ones left out:
    `count`, mean `confidence`, and `accuracy`, the share that is right."""
    bins = np.ceil(confidence.clip(max=1) * CALIBRATION_BINS).astype(int)
    return [
        {"count": int(own.sum()), "confidence": float(confidence[own].mean()), "accuracy": float(right[own].mean())}
        for own in (bins == number for number in np.unique(bins))
    ]
