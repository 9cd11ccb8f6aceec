"""SmoothECE against known answers, and against relplot's figures, which are recorded here."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.metrics.reliability.smooth import smooth_error


def test_one_confidence_has_the_error_of_its_mean() -> None:
    right = np.arange(100) < 80
    assert smooth_error(np.full(100, 0.95), right) == pytest.approx(0.15, abs=1e-3)
    assert smooth_error(np.ones(100), right) == pytest.approx(0.2, abs=1e-3)
    assert smooth_error(np.full(100, 0.8), right) < 1e-3


def test_far_residuals_cancel_as_far_as_the_width_reaches() -> None:
    """0.3 too low at 0.2, 0.4 too high at 0.9: by direct integration the width that equals the error is 0.2733."""
    confidence = np.concatenate([np.full(50, 0.2), np.full(50, 0.9)])
    right = np.tile(np.arange(50) < 25, 2)
    assert smooth_error(confidence, right) == pytest.approx(0.2733, abs=1e-4)


def drawn(count: int, power: float) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(7)
    confidence = draw.beta(5, 2, count).round(3)
    return confidence, draw.random(count) < confidence**power


def test_equals_relplot() -> None:
    """relplot 1.0.3: smECE of the same decisions."""
    assert smooth_error(*drawn(400, 1.7)) == pytest.approx(0.12871, abs=5e-4)


def test_calibrated_decisions_have_a_small_error_and_no_bins() -> None:
    confidence, right = drawn(20_000, 1.0)
    assert smooth_error(confidence, right) < 0.02
    moved = smooth_error(confidence + 1e-9, right)  # a binned error may jump here
    assert moved == pytest.approx(smooth_error(confidence, right), abs=1e-6)
