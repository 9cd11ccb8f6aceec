"""Rocchio: where the query's vector goes."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.errors import DataError
from bertkit.search.feedback import Rocchio

NONE = np.zeros((0, 2), dtype=np.float32)
EAST, NORTH = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def test_a_vector_by_hand() -> None:
    moved = Rocchio(1, 0.5, 0.25).moved(EAST, np.array([NORTH, EAST]), np.array([NORTH]))
    raw = np.array([1 + 0.5 * 0.5, 0.5 * 0.5 - 0.25])
    assert moved == pytest.approx(raw / np.linalg.norm(raw))
    assert moved.dtype == np.float32


def test_without_feedback_it_stays() -> None:
    assert Rocchio().moved(EAST, NONE, NONE) == pytest.approx(EAST)


def test_without_a_query_it_is_what_was_liked() -> None:
    assert Rocchio().moved(np.zeros(2), np.array([NORTH]), NONE) == pytest.approx(NORTH)


@pytest.mark.parametrize("weights", [(-1, 1, 1), (0, 0, 1), (1, -0.1, 0), (float("nan"), 1, 1)])
def test_weights_that_are_none(weights: tuple[float, float, float]) -> None:
    with pytest.raises(DataError, match="expected three weights"):
        Rocchio(*weights).check()
