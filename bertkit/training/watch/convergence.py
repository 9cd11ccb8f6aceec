"""Does the training loss still fall at the end? A least-squares line through its last third, against the noise.

The loss still falls if the slope is negative by a t-test at 5%, and the line falls by a share of the whole fall that
matters: near its floor a loss falls significantly too. In trainings on 216 rows, converged ones fell by 2.3% of the
whole in the last third, the others by 8% to 31%; demo/support and demo/ner by 1.4% and 1.6%.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SIGNIFICANT = 0.05
"""Level of the one-sided t-test."""
SHARE = 0.05
"""Least share of the whole fall."""
LEAST = 10
"""Least logged losses in the line."""


class Fall(NamedTuple):
    """The line through the last logged losses."""

    begin: float
    end: float


def still_falling(losses: Sequence[tuple[int, float]]) -> Fall | None:
    """The fall at the end of a training; None if there is none, or too few losses to tell.

    Args:
        losses: `(step, loss)` as logged, each a mean over the steps since the one before.
    """
    from scipy.special import stdtr  # Student's t; scipy.stats takes a second to import

    count = max(LEAST, len(losses) // 3)
    if len(losses) < count + 2:
        return None
    steps, values = np.array(losses, dtype=np.float64).T
    x, y = steps[-count:] - steps[-count:].mean(), values[-count:]
    slope = float(x @ y / (x @ x))
    fall = Fall(float(y.mean() + slope * x[0]), float(y.mean() + slope * x[-1]))
    left = y - y.mean() - slope * x
    error = float(np.sqrt(left @ left / (count - 2) / (x @ x)))
    whole = float(values[: max(1, len(values) // 10)].mean()) - fall.end
    if slope >= 0 or fall.begin - fall.end < SHARE * whole:
        return None
    return fall if error == 0 or stdtr(count - 2, slope / error) < SIGNIFICANT else None
