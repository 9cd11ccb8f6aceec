"""Drawing by weights and by shares, by stated seeds alone."""

from __future__ import annotations

import warnings

import numpy as np

from bertkit.understand.errors.judges.judge import drawn, nearest, quiet, some_of


def test_classes_are_drawn_by_their_weights() -> None:
    draw = np.random.default_rng(0)
    classes = drawn(np.tile([0.0, 3.0, 1.0], (4000, 1)), draw)
    assert set(classes.tolist()) == {1, 2}
    assert abs((classes == 1).mean() - 0.75) < 0.03
    assert drawn(np.zeros((2, 3)), draw).tolist() == [-1, -1]


def test_similar_classes_are_the_most_likely_third_and_three_at_most() -> None:
    weights = np.array([[0.0, 5.0, 3.0, 4.0, 1.0], [0.0, 0.0, 0.0, 0.0, 2.0]])
    assert nearest(weights, 4).tolist() == [[0, 1, 0, 1, 0], [0, 0, 0, 0, 1]]  # never one with weight 0
    assert nearest(weights, 1).tolist() == [[0, 1, 0, 0, 0], [0, 0, 0, 0, 1]]
    assert nearest(weights, 0).sum() == 0
    assert nearest(np.ones((1, 80)), 79).sum() == 3


def test_a_share_is_one_at_least_and_has_no_repetition() -> None:
    draw = np.random.default_rng(0)
    assert len(some_of(10, 0.01, draw)) == 1
    assert len(set(some_of(100, 0.3, draw).tolist())) == 30
    again = some_of(100, 0.3, np.random.default_rng([1, 2]))
    assert again.tolist() == some_of(100, 0.3, np.random.default_rng([1, 2])).tolist()


def test_warnings_of_cleanlab_are_not_shown(recwarn) -> None:
    with quiet():
        warnings.warn("noise", stacklevel=1)
    assert not recwarn
