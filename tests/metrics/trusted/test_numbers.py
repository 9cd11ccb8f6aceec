"""The references of metrics of numbers, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.metrics.trusted import numbers

PREDICTED, ACTUAL = np.array([1.0, 2.0, 4.0, 4.0]), np.array([1.0, 3.0, 2.0, 6.0])


@pytest.mark.parametrize(
    ("trusted", "name", "value"),
    [
        (numbers.MSE, "mse", (0 + 1 + 4 + 4) / 4),
        (numbers.MAE, "mae", (0 + 1 + 2 + 2) / 4),
        (numbers.PEARSON, "pearson", 6 / np.sqrt(6.75 * 14)),
        (numbers.SPEARMAN, "spearman", 3 / np.sqrt(4.5 * 5)),  # ranks 1, 2, 3.5, 3.5 and 1, 3, 2, 4
    ],
)
def test_figures(trusted: numbers.Trusted, name: str, value: float) -> None:
    assert trusted.function(PREDICTED, ACTUAL) == {name: pytest.approx(value)}
