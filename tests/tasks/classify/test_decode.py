from __future__ import annotations

import math

import numpy as np
import pytest

from bertkit.tasks.classify.decode import OUTSIDE, one_label, several_labels
from bertkit.tasks.classify.options import ClassifyOptions
from bertkit.tasks.classify.out_of_scope.detector import Detector

NAMES = ["a", "b", "oos"]
LOGITS = np.array([[3.0, 1.0, 0.0], [0.1, 0.0, 4.0]])


def test_a_temperature_changes_the_probability_and_no_label() -> None:
    plain, cool = (one_label(LOGITS, None, NAMES, fit, None) for fit in ({}, {"temperature": 4.0}))
    assert [one["label"] for one in plain] == [one["label"] for one in cool] == ["a", "oos"]
    assert cool[0]["probabilities"]["a"] == pytest.approx(math.exp(0.75) / (math.exp(0.75) + math.exp(0.25) + 1))
    assert cool[0]["logits"] == plain[0]["logits"] == {"a": 3.0, "b": 1.0, "oos": 0.0}


def test_nearly_equal_scores_keep_their_order() -> None:
    """Divided by a large temperature, both round to the same number."""
    logits = np.array([[1.0, np.nextafter(1.0, 2.0), -5.0]])
    assert one_label(logits, None, NAMES, {"temperature": 7.3}, None)[0]["label"] == "b"


def test_unscaled_probabilities_leave_the_decision() -> None:
    """Thresholds are of scaled scores: raw ones would decide otherwise."""
    fit = {"temperature": 0.5}
    raw = several_labels(LOGITS, NAMES, fit, [0.9, 0.9, 0.9], scaled=False)
    assert [one["labels"] for one in raw] == [["a"], ["oos"]]
    assert raw[0]["probabilities"]["b"] == pytest.approx(1 / (1 + math.exp(-1)))
    assert one_label(LOGITS, None, NAMES, fit, None, scaled=False)[0]["probabilities"]["a"] < 0.9


def test_a_vector_may_change_a_label() -> None:
    fit = {"scale": [1.0, 1.0, 1.0], "shift": [0.0, 3.0, 0.0]}
    assert one_label(LOGITS, None, NAMES, fit, None)[0]["label"] == "b"


def test_several_labels() -> None:
    answers = several_labels(LOGITS, NAMES, {"temperature": 2.0}, [0.5, 0.7, 0.9])
    assert [one["labels"] for one in answers] == [["a"], ["a"]]  # sigmoid(2) is 0.88
    assert answers[0]["probabilities"]["a"] == pytest.approx(1 / (1 + math.exp(-1.5)))


def test_rows_out_of_scope() -> None:
    state = {"by": "energy", "threshold": -2.0, "line": [1.0, 2.0]}
    found = Detector(2, ClassifyOptions(out_of_scope="oos"), state)
    first, second = one_label(LOGITS, None, NAMES, {}, found)
    assert (first["label"], second["label"]) == ("a", "oos")
    assert first[OUTSIDE] == pytest.approx(-math.log(math.exp(3) + math.exp(1)))
    assert sum(second["probabilities"].values()) == pytest.approx(1.0)
    assert second["probabilities"]["oos"] == pytest.approx(1 / (1 + math.exp(-(second[OUTSIDE] + 2))))
    waiting = Detector(2, ClassifyOptions(out_of_scope="oos"), {})
    assert OUTSIDE not in one_label(LOGITS, None, NAMES, {}, waiting)[0]
