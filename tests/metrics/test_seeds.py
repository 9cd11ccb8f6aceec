"""Deviation and interval against figures computed by hand."""

from __future__ import annotations

import pytest

from bertkit.metrics.seeds import deviation, interval


def test_the_interval_of_three_seeds() -> None:
    # Values 0.80, 0.82, 0.87: mean 0.83, s = sqrt((0.03^2 + 0.01^2 + 0.04^2) / 2) = 0.0360555, over sqrt(3) 0.0208167.
    # t (2 degrees, 0.975) = 4.302653: seeds 0.0895670. Rows: mean width (0.04 + 0.05 + 0.06) / 3 = 0.05,
    # half of it 0.025. sqrt(0.0895670^2 + 0.025^2) = 0.0929906.
    spans = [(0.78, 0.82), (0.795, 0.845), (0.84, 0.90)]
    low, high = interval([0.80, 0.82, 0.87], spans) or (0, 0)
    assert low == pytest.approx(0.83 - 0.0929906, abs=1e-6)
    assert high == pytest.approx(0.83 + 0.0929906, abs=1e-6)
    assert deviation([0.80, 0.82, 0.87]) == pytest.approx(0.0360555, abs=1e-6)


def test_more_seeds_do_not_narrow_what_comes_of_the_rows() -> None:
    same = [0.5] * 20
    assert interval(same, [(0.4, 0.6)] * 20) == pytest.approx((0.4, 0.6))


def test_one_seed_has_the_interval_of_its_rows() -> None:
    assert interval([0.8], [(0.7, 0.86)]) == (0.7, 0.86)  # as it is, also where it is not even
    assert deviation([0.8]) is None
    assert interval([0.8], [None]) is None
    assert interval([0.8, 0.9], [None, (0.8, 1.0)]) is None  # a loss: seeds alone would claim too much


def test_the_interval_holds_the_truth_19_times_of_20() -> None:
    """Rows and seeds drawn at random: a share of about 0.95 of all intervals holds the true figure."""
    import numpy as np

    draw = np.random.default_rng(0)
    held = []
    for _ in range(2000):
        rows = draw.normal(0, 0.01)
        values = [0.8 + rows + seed for seed in draw.normal(0, 0.01, 4)]
        low, high = interval(values, [(v - 0.0196, v + 0.0196) for v in values]) or (0, 0)
        held.append(low <= 0.8 <= high)
    assert 0.94 < np.mean(held) < 0.985
