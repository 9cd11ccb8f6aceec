"""Viterbi and forward-backward against all sequences there are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bertkit.tasks.ner.viterbi import NEVER, best_path, marginals


def everything(words: int, labels: int, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in ((words, labels), (labels,), (labels, labels), (labels,))]


@pytest.mark.parametrize(("words", "labels"), [(1, 3), (2, 2), (5, 3)])
def test_all_paths(words: int, labels: int) -> None:
    scores, start, steps, end = everything(words, labels, words)
    steps[0, 1] = NEVER
    paths = list(itertools.product(range(labels), repeat=words))
    sums = np.array([
        start[p[0]] + end[p[-1]] + sum(scores[i, label] for i, label in enumerate(p))
        + sum(steps[a, b] for a, b in itertools.pairwise(p)) for p in paths
    ])  # fmt: skip
    assert tuple(best_path(scores, start, steps, end)) == paths[sums.argmax()]
    weights = np.exp(sums - np.logaddexp.reduce(sums))
    for word, label in itertools.product(range(words), range(labels)):
        expected = sum(w for w, p in zip(weights, paths, strict=True) if p[word] == label)
        assert marginals(scores, start, steps, end)[word, label] == pytest.approx(expected)
