from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from bertkit.metrics.reliability.detection import area
from bertkit.tasks.classify.out_of_scope.scores import LabelMeans, line_of, probabilities, scores_of

LOGITS = np.array([[2.0, 1.0, -1.0], [0.0, 0.5, 3.0]])


def test_scores_by_their_definitions() -> None:
    """Label 2 is that of rows outside; the others are compared without it."""
    inside = LOGITS[:, :2]
    assert scores_of("energy", LOGITS, 2, None, None) == pytest.approx(-logsumexp(inside, axis=1))
    assert np.exp(-scores_of("probability", LOGITS, 2, None, None)) == pytest.approx(softmax(inside, axis=1).max(1))
    assert np.exp(scores_of("class", LOGITS, 2, None, None)) == pytest.approx(softmax(LOGITS, axis=1)[:, 2])


def test_distances_by_an_inverse() -> None:
    draw = np.random.default_rng(0)
    spread = draw.normal(size=(4, 4))
    labels = draw.integers(3, size=3000)
    means = draw.normal(size=(3, 4)) * 5
    features = means[labels] + draw.normal(size=(3000, 4)) @ spread
    found = LabelMeans.of(features, labels, 3).distances(features[:50])
    own = np.stack([features[labels == label].mean(0) for label in range(3)])
    apart = features - own[labels]
    inverse = np.linalg.inv(apart.T @ apart / 3000)
    expected = [min((x - m) @ inverse @ (x - m) for m in own) ** 0.5 for x in features[:50]]
    assert found == pytest.approx(expected, rel=0.05)


def test_a_far_row_is_far_in_any_direction_that_varies() -> None:
    draw = np.random.default_rng(1)
    labels = draw.integers(2, size=500)
    features = np.concatenate([draw.normal(size=(500, 3)), np.zeros((500, 2))], axis=1)  # two directions are constant
    features[:, 0] += 8 * labels
    means = LabelMeans.of(features, labels, 2)
    far = np.array([[4.0, 0, 0, 0, 0], [0.0, 6, 0, 0, 0]])
    assert means.distances(far).min() > np.quantile(means.distances(features), 0.95)


def test_a_label_without_rows_has_no_mean() -> None:
    features = np.random.default_rng(0).normal(size=(100, 2)) + 10
    means = LabelMeans.of(features, np.zeros(100, dtype=np.int64), 3)
    assert means.distances(np.zeros((1, 2)))[0] > 7  # the origin would be the mean of no rows


def test_probabilities_of_being_outside() -> None:
    draw = np.random.default_rng(2)
    scores = draw.normal(size=4000) * 100 + 50
    outside = draw.random(4000) < 1 / (1 + np.exp(-(scores / 100 - 1) * 2))
    line = line_of(scores, outside)
    assert line is not None
    likely = probabilities(scores, line)
    assert likely.mean() == pytest.approx(outside.mean(), abs=1e-3)
    assert line[0] * 100 == pytest.approx(2, rel=0.1)
    assert line_of(-scores, outside) is None


def test_fully_divided_rows_have_a_finite_line() -> None:
    scores, outside = np.arange(100.0), np.arange(100) >= 50
    line = line_of(scores, outside)
    assert line is not None and np.isfinite(line).all()
    assert area(probabilities(scores, line), outside) == 1.0
