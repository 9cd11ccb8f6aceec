"""Fits that get back what was planted."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.metrics.classification import confidence_error
from bertkit.tasks import texts
from bertkit.tasks.confidence.scaling import FEW, best_temperature, fitted, forget, scaled, softened


def planted(rows: int, labels: int, factor: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores that are `factor` times too far apart, and labels drawn by the true probabilities."""
    draw = np.random.default_rng(seed)
    true = draw.normal(size=(rows, labels)) * 2
    chances = texts.softmax(true).cumsum(1)
    right = (draw.random(rows)[:, None] < chances).argmax(1)
    return true * factor, right


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_a_planted_temperature_is_found(factor: float) -> None:
    scores, right = planted(4000, 5, factor)
    assert fitted(scores, right, True)["temperature"] == pytest.approx(factor, rel=0.1)


def test_the_error_falls_on_other_rows_and_no_label_changes() -> None:
    state = fitted(*planted(2000, 5, 3.0), True)
    scores, right = planted(2000, 5, 3.0, seed=1)

    def error(values: np.ndarray) -> float:
        probabilities = texts.softmax(values)
        return float(confidence_error(probabilities.max(1), probabilities.argmax(1) == right))

    assert error(scaled(scores, state)) < 0.4 * error(scores)
    assert (scaled(scores, state).argmax(1) == scores.argmax(1)).all()


def test_sigmoids_have_a_temperature_too() -> None:
    draw = np.random.default_rng(0)
    true = draw.normal(size=(3000, 4)) * 2
    right = (draw.random(true.shape) < 1 / (1 + np.exp(-true))).astype(np.int64)
    assert fitted(true * 2.5, right, True)["temperature"] == pytest.approx(2.5, rel=0.1)


@pytest.mark.parametrize("several", [False, True])
def test_a_vector_finds_factors_and_offsets(several: bool) -> None:
    draw = np.random.default_rng(0)
    true = draw.normal(size=(20_000, 3)) * 2
    if several:
        right = (draw.random(true.shape) < 1 / (1 + np.exp(-true))).astype(np.int64)
    else:
        right = (draw.random(len(true))[:, None] < texts.softmax(true).cumsum(1)).argmax(1)
    factors, offsets = np.array([2.0, 1.0, 0.5]), np.array([1.0, 0.0, -1.0])
    state = fitted(true * factors + offsets, right, "vector")
    assert state["scale"] == pytest.approx(1 / factors, rel=0.15)
    found = np.array(state["shift"]) - np.mean(state["shift"])
    expected = -offsets / factors
    assert found == pytest.approx(expected - expected.mean(), abs=0.15)


def test_a_vector_needs_rows_of_each_label() -> None:
    scores, right = planted(2000, 3, 2.0)
    assert set(fitted(scores, right, "vector")) == {"scale", "shift"}
    rare = right != 2
    assert set(fitted(scores[rare], right[rare], "vector")) == {"temperature"}
    both = (scores > 0).astype(np.int64)
    both[:, 0], both[::7, 1:] = 1, 1 - both[::7, 1:]  # every row has the first label
    assert set(fitted(scores, both, "vector")) <= {"temperature"}


def test_few_rows_and_no_mistakes_have_no_fit() -> None:
    scores, right = planted(FEW - 1, 5, 3.0)
    assert fitted(scores, right, True) == {}
    sure = np.eye(3)[np.arange(300) % 3] * 5
    assert fitted(sure, np.arange(300) % 3, True) == {}
    assert fitted(*planted(500, 5, 3.0), False) == {}


def test_rows_with_fewer_choices() -> None:
    scores, right = planted(4000, 5, 3.0)
    scores[::2, 4], kept = -np.inf, ~((np.arange(4000) % 2 == 0) & (right == 4))
    assert fitted(scores[kept], right[kept], True)["temperature"] == pytest.approx(3.0, rel=0.1)


def test_softened_is_a_division_of_scores() -> None:
    scores = np.array([[1.0, 2.0, -np.inf]])
    assert softened(texts.softmax(scores), 2.0) == pytest.approx(texts.softmax(scores / 2))
    assert softened(texts.softmax(scores), 2.0)[0, 2] == 0


def test_of_several_minima_the_lowest_is_found() -> None:
    found = best_temperature(lambda one: min(np.log(one / 0.3) ** 2 + 0.1, np.log(one / 7) ** 2))
    assert found == pytest.approx(7, rel=1e-3)


def test_forget() -> None:
    state = {"labels": ["a"], "temperature": 2.0, "scale": [1.0], "shift": [0.0]}
    forget(state)
    assert state == {"labels": ["a"]}
