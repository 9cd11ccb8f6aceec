from __future__ import annotations

import logging

import numpy as np
import pytest

from bertkit.tasks.classify.options import ClassifyOptions
from bertkit.tasks.classify.out_of_scope.detector import Detector
from tests.helpers import messages


def detector(by: str = "auto", *, trained: bool = False, coverage: float = 0.95) -> Detector:
    by_class = {} if by == "class" else {"out_of_scope_coverage": coverage}
    options = ClassifyOptions.model_validate({"out_of_scope": "oos", "out_of_scope_by": by, **by_class})
    return Detector(2, options, {"trained": trained})


def rows(inside: int, outside: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits that say nothing of rows outside, features that tell them apart, and labels."""
    draw = np.random.default_rng(seed)
    labels = np.concatenate([draw.integers(2, size=inside), np.full(outside, 2)])
    logits = draw.normal(size=(len(labels), 3))
    features = draw.normal(size=(len(labels), 4)) + 6 * (labels == 2)[:, None] + 3 * (labels == 1)[:, None]
    return logits, features, labels


def test_the_score_that_tells_rows_apart_is_chosen(caplog: pytest.LogCaptureFixture) -> None:
    found = detector(trained=True)
    _, features, labels = rows(1000, 50)
    found.learn(features, labels, 3)
    logits, features, labels = rows(1000, 50, seed=1)
    found.tune(logits, features, labels)
    assert found.state.by == "mahalanobis" and set(found.state.areas) == {
        "class",
        "probability",
        "energy",
        "mahalanobis",
    }
    assert found.state.areas["mahalanobis"] > 0.99
    with caplog.at_level(logging.INFO, "bertkit"):
        found.log()
    assert "out of scope: by mahalanobis" in "".join(messages(caplog))
    scores, outside = found.judged(logits, features)
    assert outside[labels == 2].mean() > 0.95
    assert (~outside[labels != 2]).mean() > 0.99  # they are far apart: more than the 0.95 that must stay
    likely = found.probabilities(scores)
    assert likely[labels == 2].mean() > 0.8 and likely[labels != 2].mean() < 0.05
    assert Detector(2, ClassifyOptions(out_of_scope="oos"), found.dumped()).state == found.state


def test_without_rows_outside_the_distance_decides_and_its_probability_is_assumed() -> None:
    found = detector(coverage=0.9)
    logits, features, labels = rows(500, 0)
    found.learn(features, labels, 3)
    found.tune(logits, features, labels)
    assert found.state.by == "mahalanobis" and found.state.areas == {}
    scores, outside = found.judged(logits, features)
    assert outside.mean() == pytest.approx(0.1)
    likely = found.probabilities(scores)
    assert ((likely > 0.5) == outside).all()  # assumed: one half at the threshold, a twentieth in the middle
    assert np.median(likely) == pytest.approx(0.05, rel=1e-3)


def test_class_is_tried_only_where_it_was_trained() -> None:
    found = detector()
    logits, features, labels = rows(500, 50)
    found.learn(features, labels, 3)
    found.tune(logits, features, labels)
    assert "class" not in found.state.areas


@pytest.mark.parametrize("by", ["probability", "energy"])
def test_a_named_score_needs_no_features(by: str) -> None:
    found = detector(by)
    logits, _, labels = rows(500, 5)
    found.tune(logits, None, labels)
    assert found.state.by == by and found.state.areas == {}  # five rows outside are too few to fit anything


def test_a_model_without_features_has_the_other_scores(caplog: pytest.LogCaptureFixture) -> None:
    found, only = detector(), detector("mahalanobis")
    logits, _, labels = rows(100, 30)
    found.tune(logits, None, labels)
    assert found.state.by in ("probability", "energy")
    only.tune(logits, None, labels)
    assert not only.is_ready
    only.log()
    assert "the model gives no features; set options.out_of_scope_by: energy" in "".join(messages(caplog))


def test_a_score_that_is_no_better_than_chance_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    found = detector("probability")
    logits, _, labels = rows(500, 50)
    logits[labels == 2, 0] = 50.0  # the surest of all
    found.tune(logits, None, labels)
    found.log()
    assert "tells rows out of scope no better than chance" in "".join(messages(caplog))


def test_means_are_kept_only_where_they_are_read() -> None:
    found = detector()
    _, features, labels = rows(500, 50)
    found.learn(np.random.default_rng(3).normal(size=features.shape), labels, 3)  # they say nothing
    found.tune(np.stack([labels == 0, labels == 1, labels * 0], axis=1) * 9.0, features, labels)
    assert found.state.by != "mahalanobis" and found.state.means is None


def test_rows_outside_alone_choose_nothing() -> None:
    found = detector("energy")
    found.tune(np.zeros((10, 3)), None, np.full(10, 2))
    assert not found.is_ready


def test_rows_and_labels_inside() -> None:
    options = ClassifyOptions(out_of_scope="oos")
    logits, labels = Detector(1, options, {}).inside(np.arange(12.0).reshape(4, 3), np.array([0, 1, 2, 2]))
    assert logits.tolist() == [[0, 2], [6, 8], [9, 11]] and labels.tolist() == [0, 1, 1]
