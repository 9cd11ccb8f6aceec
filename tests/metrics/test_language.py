"""Figures over masked tokens and pairs, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bertkit.errors import BertkitError
from bertkit.metrics import find_metric, intervals

PREDICTIONS = np.array([[4.0, 1, 0], [2.0, 3, 1], [0.0, 0, 1]])
REFERENCES = np.array([[2, 0], [4, 0], [0, -1]])


@pytest.mark.parametrize(
    ("name", "value", "up"),
    [
        ("masked_loss", 1.0, False),
        ("perplexity", math.e, False),
        ("masked_accuracy", 4 / 6, True),
        ("next_sentence_accuracy", 1 / 2, True),
    ],
)
def test_by_hand(name: str, value: float, up: bool) -> None:
    metric = find_metric(name, "language")
    assert metric(PREDICTIONS, REFERENCES) == {name: pytest.approx(value)}
    assert metric.greater_is_better is up
    low, high = intervals(metric, PREDICTIONS, REFERENCES, samples=50)[name]
    assert low <= value <= high


def test_nothing_masked_and_no_pairs_are_undefined() -> None:
    nothing = np.array([[0, -1]])
    for name in ("masked_loss", "perplexity", "masked_accuracy", "next_sentence_accuracy"):
        assert math.isnan(find_metric(name, "language")(PREDICTIONS[:1], nothing)[name])


def test_a_loss_too_high_for_a_number_is_infinite() -> None:
    assert find_metric("perplexity", "language")([[1e6, 0, 0]], [[1, -1]]) == {"perplexity": math.inf}


def test_arrays_that_do_not_fit() -> None:
    with pytest.raises(BertkitError, match="do not fit"):
        find_metric("perplexity", "language")(PREDICTIONS[:, :2], REFERENCES)
    with pytest.raises(BertkitError, match="NaN"):
        find_metric("perplexity", "language")([[math.nan, 0, 0]], [[1, -1]])
