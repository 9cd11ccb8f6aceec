"""A loss that still falls at the end is told from one that has converged, also under noise."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.training.watch.convergence import still_falling


def curve(
    floor: float, pace: float, *, points: int = 100, noise: float = 0.0, seed: int = 0
) -> list[tuple[int, float]]:
    """Losses that fall from 1.8 towards a floor; at `pace` 1 by a factor of e."""
    share = np.arange(1, points + 1) / points
    losses = floor + (1.8 - floor) * np.exp(-pace * share) + np.random.default_rng(seed).normal(0, noise, points)
    return list(zip(range(1, points + 1), losses.tolist(), strict=True))


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_half_trained(noise: float) -> None:
    fall = still_falling(curve(0.1, 1.0, noise=noise))
    assert fall and fall.begin == pytest.approx(0.97, abs=0.02) and fall.end == pytest.approx(0.71, abs=0.02)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_converged(noise: float) -> None:
    assert still_falling(curve(0.1, 8.0, noise=noise)) is None


def test_noise_alone_seldom_counts_as_a_fall() -> None:
    flat = [curve(1.8, 1.0, noise=0.1, seed=seed) for seed in range(200)]
    assert sum(still_falling(losses) is not None for losses in flat) <= 0.08 * 200


def test_twenty_one_steps_are_enough_to_tell() -> None:
    assert still_falling(curve(0.1, 0.12, points=21, noise=0.01))  # 1.79 to 1.61, as the default made on 216 rows
    assert still_falling(curve(0.1, 1.0, points=11)) is None


def test_a_rising_or_constant_loss() -> None:
    assert still_falling([(step, step / 10) for step in range(1, 40)]) is None
    assert still_falling([(step, 1.0) for step in range(1, 40)]) is None
