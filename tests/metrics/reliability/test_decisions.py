from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from bertkit.metrics.reliability.decisions import reliability


def test_equals_scikit_learn() -> None:
    draw = np.random.default_rng(1)
    confidence = draw.random(300)
    right = draw.random(300) < confidence
    figures = reliability(confidence, right)
    assert figures["brier_score"] == pytest.approx(brier_score_loss(right, confidence))
    assert figures["log_loss"] == pytest.approx(log_loss(right, confidence))
    assert figures["ranking"] == pytest.approx(roc_auc_score(right, confidence))


def test_certain_and_wrong_is_finite() -> None:
    figures = reliability(np.array([1.0, 1.0]), np.array([False, False]))
    assert figures["calibration_error"] == 1 and figures["brier_score"] == 1 and figures["log_loss"] < 30
    assert math.isnan(figures["ranking"])
