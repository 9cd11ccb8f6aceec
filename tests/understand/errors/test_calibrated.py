"""Temperatures: the right one is found, no label changes, and few rows leave all as it is."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.tasks.confidence.scaling import softened
from bertkit.understand.errors.calibrated import FEW, line_of, of_two, temperature_of


def made(count: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are too sure by this temperature, and classes drawn by the true ones."""
    draw = np.random.default_rng(0)
    scores = draw.normal(0, 2, size=(count, 4))
    true = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    given = np.array([draw.choice(4, p=row) for row in true])
    sharp = np.exp(scores * temperature)
    return sharp / sharp.sum(1, keepdims=True), given


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found(temperature: float) -> None:
    probabilities, given = made(4000, temperature)
    assert temperature_of(probabilities, given) == pytest.approx(temperature, rel=0.1)


def test_softening_keeps_the_order_and_zeros() -> None:
    before = np.array([[0.7, 0.2, 0.1, 0.0], [0.1, 0.1, 0.1, 0.7]])
    after = softened(before, 2.0)
    assert after.argmax(1).tolist() == before.argmax(1).tolist()
    assert after.sum(1).tolist() == pytest.approx([1, 1])
    assert after[0, 3] == 0
    assert after[0, 0] < 0.7
    assert softened(before, 1.0).ravel().tolist() == pytest.approx(before.ravel().tolist())


def test_few_rows_have_no_temperature() -> None:
    probabilities, given = made(FEW - 1, 3.0)
    assert temperature_of(probabilities, given) == 1.0


def test_rows_of_certainty_do_not_end_it() -> None:
    probabilities = np.array([[1.0, 0.0]] * 40)
    given = np.array([0] * 39 + [1])
    assert 1 < temperature_of(probabilities, given) <= 20


def test_two_classes_of_one_probability() -> None:
    assert of_two(np.array([[0.25]])).tolist() == [[[0.75, 0.25]]]


def test_a_line_fits_another_scale() -> None:
    predicted = np.linspace(0, 1, 50)
    assert line_of(predicted, 2 + 3 * predicted) == pytest.approx((2, 3))
    assert line_of(predicted, -predicted) == (0.0, 1.0)  # predictions that mean the opposite are left as they are
    assert line_of(np.ones(50), predicted) == (0.0, 1.0)
    assert line_of(predicted[:5], predicted[:5]) == (0.0, 1.0)
