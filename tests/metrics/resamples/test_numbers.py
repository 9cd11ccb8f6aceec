"""Correlations of resamples against scipy with rows repeated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bertkit.metrics.resamples import numbers

RANDOM = np.random.default_rng(0)
X = RANDOM.integers(5, size=20).astype(float)  # with ties
Y = X + RANDOM.normal(size=20)
COUNTS = RANDOM.multinomial(20, np.full(20, 1 / 20), size=30).astype(float)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
@pytest.mark.parametrize("shift", [0.0, 1e6], ids=["plain", "far from 0"])
def test_correlations(name: str, shift: float) -> None:
    got = getattr(numbers, f"{name}_in_resamples")(X + shift, Y + shift)(COUNTS)[name]
    for value, counts in zip(got, COUNTS, strict=True):
        rows = np.repeat(np.arange(20), counts.astype(int))
        assert value == pytest.approx(getattr(stats, f"{name}r")(X[rows], Y[rows])[0], abs=1e-9)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_a_resample_whose_answers_are_all_equal_has_none(name: str) -> None:
    counts = np.zeros((2, 20))
    counts[0, 3] = 20
    counts[1] = 1
    got = getattr(numbers, f"{name}_in_resamples")(X, Y)(counts)[name]
    assert np.isnan(got).tolist() == [True, False]
