"""Calibration: one temperature per fold, fitted on rows that its model has not trained on (Guo et al. 2017, section
4.2).

A fine-tuned model is too sure, and how much so differs from fold to fold: without this, rows of one fold would fill the
top of the list. A temperature changes no label. It is fitted to the given labels, wrong ones among them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertkit.tasks.confidence.scaling import log_loss

Floats = NDArray[np.float64]
FEW = 30
"""Fewest answers for a temperature; with fewer the probabilities stay as they are."""
RANGE = (0.05, 20.0)
TINY = 1e-12
"""Least probability, so that no row is infinitely unlikely."""


def temperature_of(probabilities: Floats, given: NDArray[np.int64]) -> float:
    """The temperature with the lowest log loss of the given classes; 1 for few rows.

    Args:
        probabilities: `(row, class)`.
        given: `(row,)`.
    """
    if len(given) < FEW:
        return 1.0
    logs = np.log(np.maximum(probabilities, TINY))

    return _least(lambda log_temperature: log_loss(logs / np.exp(log_temperature), given))


def of_two(probabilities: Floats) -> Floats:
    """`(...)` -> `(..., 2)`: of the other and of this one."""
    return np.stack([1 - probabilities, probabilities], -1)


def line_of(predicted: Floats, given: Floats) -> tuple[float, float]:
    """Offset and slope with which predicted numbers fit the given ones best; 0 and 1 for few rows, or if all are
    equal."""
    if len(given) < FEW or np.ptp(predicted) < TINY:
        return 0.0, 1.0
    slope, offset = np.polyfit(predicted, given, 1)
    return (float(offset), float(slope)) if slope > 0 else (0.0, 1.0)


def _least(loss: Any) -> float:
    from scipy.optimize import minimize_scalar

    bounds = (float(np.log(RANGE[0])), float(np.log(RANGE[1])))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))
