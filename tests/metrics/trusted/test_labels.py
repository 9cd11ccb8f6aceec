"""The references of label metrics, by hand: they share no code with bertkit's own."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.metrics.metric import Trusted
from bertkit.metrics.trusted import labels

PREDICTED, ACTUAL = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])
SURE = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])


def test_figures_of_four_rows() -> None:
    assert labels.ACCURACY.function(PREDICTED, ACTUAL) == {"accuracy": 0.75}
    assert labels.averages("precision", "binary").function(PREDICTED, ACTUAL) == {"precision": 0.5}
    macro = labels.averages("f1", "macro").function(PREDICTED, ACTUAL)
    assert macro == {"macro_f1": pytest.approx((0.8 + 2 / 3) / 2)}
    assert labels.MATTHEWS.function(PREDICTED, ACTUAL) == {"matthews": pytest.approx(2 / np.sqrt(12))}
    assert labels.AUC.function(SURE, ACTUAL) == {"auc": 1.0}  # 0.8 is above 0.6, 0.3 and 0.1
    log_loss = -np.log([0.9, 0.8, 0.4, 0.7]).mean()
    assert labels.LOG_LOSS.function(SURE, ACTUAL) == {"log_loss": pytest.approx(log_loss)}


def test_one_column_of_several_labels_is_not_two_labels() -> None:
    column = np.array([[1], [0], [1]]), np.array([[1], [1], [0]])
    assert labels.averages("f1", "macro").function(*column) == {"macro_f1": pytest.approx(0.5)}


def test_the_calibration_error_by_hand() -> None:
    """15 bins: 0.9 and 0.91 fall into (13/15, 14/15], half of them right; 0.55 into (8/15, 9/15], right."""
    confidence, right = np.array([0.9, 0.91, 0.55]), np.array([True, False, True])
    assert labels.gap(confidence, right) == pytest.approx(2 / 3 * (0.905 - 0.5) + 1 / 3 * 0.45)
    assert labels.gap(np.array([1.0, 0.2]), np.array([True, False])) == pytest.approx(0.1)
    assert labels.CALIBRATION.function(SURE, ACTUAL)["calibration_error"] == pytest.approx((0.1 + 0.2 + 0.6 + 0.3) / 4)


def test_known_differences_of_the_log_loss_are_explained() -> None:
    assert labels.LOG_LOSS.explains is not None
    assert labels.LOG_LOSS.explains(SURE, ACTUAL) == ""
    assert "do not add up to 1" in labels.LOG_LOSS.explains(SURE * 0.9, ACTUAL)
    assert "1.2e-7" in labels.LOG_LOSS.explains(np.array([[1.0, 0.0]]), np.array([0]))


def test_several_references_are_one() -> None:
    both = labels.together(Trusted("a", lambda p, r: {"x": 1.0}), Trusted("b", lambda p, r: {"y": 2.0}))
    assert (both.source, both.function(0, 0)) == ("a, b", {"x": 1.0, "y": 2.0})
