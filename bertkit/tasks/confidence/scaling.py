"""Scaling: scores become probabilities that are right as often as they say (Guo et al. 2017, section 4.2).

With a temperature all scores are divided by one number, which changes no label. With a vector each label's score gets a
factor and an offset of its own: twice as many numbers as labels, which may change labels, for data with enough rows of
each label. Both minimise the log loss on the validation rows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from bertkit.metrics.metric import Array

log = logging.getLogger("bertkit")

Calibrate = Literal[True, False, "vector"]
"""The option `calibrate`; True: a temperature."""
KEYS = ("temperature", "scale", "shift")
"""What a task's state has of a fit: a temperature, or a factor and an offset per label."""

FEW = 100
"""Fewest rows for a temperature. In 200 simulations 100 rows gave one within 30% of the true one in 19 of 20 cases
(tasks/squad/calibration.py)."""
FEW_EACH = 20
"""Fewest rows of each label for a vector; with several labels per row, also of those without it."""
PULL = 1e-4
"""Weight of the squares of how far a vector is from changing nothing: a label that is never wrong has no best one."""
TEMPERATURES = np.geomspace(0.05, 20, 61)
"""Temperatures that are all tried, as a loss may have several minima; the best one is then refined."""
SMALLEST = 1e-12
"""Least probability of what happened, so that no row is infinitely unlikely."""


def scaled(scores: Array, state: dict[str, Any]) -> Array:
    """Scores `(row, label)` as a task's state says; unchanged where it says nothing."""
    if "scale" in state:
        moved: Array = scores * np.array(state["scale"]) + np.array(state["shift"])
        return moved
    temperature = state.get("temperature", 1.0)
    return scores if temperature == 1 else scores / temperature


def fitted(scores: Array, right: Array, how: Calibrate) -> dict[str, Any]:
    """What the state of a task keeps of a fit; empty where there are too few rows, or no temperature is the best.

    Args:
        scores: `(row, label)`; minus infinity where a row has fewer choices.
        right: number of the right label `(row,)`; or with several labels per row 0 or 1 of each `(row, label)`, whose
            scores are those of sigmoids.
        how: a vector becomes a temperature where a label has too few rows.
    """
    if not how:
        return {}
    if len(right) < FEW:
        log.info("confidence: not scaled on %d validation rows; %d are needed", len(right), FEW)
        return {}
    several = right.ndim > 1
    loss = _of_several if several else log_loss
    temperature = best_temperature(lambda one: loss(scores / one, right))
    if temperature is None:
        log.info("confidence: not scaled, as no temperature fits the validation rows: there may be no mistakes")
        return {}
    if how == "vector":
        if (rows := _rows_of_each(right, scores.shape[1])) >= FEW_EACH:
            return _vector(scores / temperature, right, temperature)
        what = "confidence: a temperature, and no vector: a label has %d validation rows; %d are needed"
        log.info(what, rows, FEW_EACH)
    return {"temperature": temperature}


def best_temperature(loss: Callable[[float], float]) -> float | None:
    """The temperature with the lowest loss; None where the lowest is at an end of `TEMPERATURES`, as with no mistake:
    then any certainty would do."""
    from scipy.optimize import minimize_scalar

    tried = np.log(TEMPERATURES)
    best = int(np.argmin([loss(one) for one in TEMPERATURES]))
    if best in (0, len(tried) - 1):
        return None
    bounds = (tried[best - 1], tried[best + 1])
    return float(np.exp(minimize_scalar(lambda log: loss(float(np.exp(log))), bounds=bounds, method="bounded").x))


def log_loss(scores: Array, right: Array) -> float:
    """Mean log loss of the softmax of scores `(row, label)`, with the number of each row's right label `(row,)`."""
    top = scores.max(1)
    own = scores[np.arange(len(right)), right]
    return float((top + np.log(np.exp(scores - top[:, None]).sum(1)) - own).mean())


def _of_several(scores: Array, right: Array) -> float:
    """Mean log loss of a sigmoid per label."""
    return float(np.logaddexp(0, np.where(right == 1, -scores, scores)).mean())


def _rows_of_each(right: Array, labels: int) -> int:
    """Rows of the rarest label; with several labels per row, of the rarest label or its absence."""
    counts = right.sum(0) if right.ndim > 1 else np.bincount(right, minlength=labels)
    return int(min(counts.min(), (len(right) - counts).min()))


def _vector(scores: Array, right: Array, temperature: float) -> dict[str, Any]:
    """Factors and offsets by label, of scores that are divided by the temperature already."""
    from scipy.optimize import minimize
    from scipy.special import expit

    several = right.ndim > 1
    rows, labels = scores.shape
    wanted = right.astype(np.float64) if several else np.eye(labels)[right]  # (row, label)
    parts = rows * labels if several else rows
    start = np.concatenate([np.ones(labels), np.zeros(labels)])

    def loss(numbers: Array) -> tuple[float, Array]:
        moved = scores * numbers[:labels] + numbers[labels:]
        if several:
            value, slope = _of_several(moved, right), expit(moved) - wanted
        else:
            powers = np.exp(moved - moved.max(1, keepdims=True))
            value, slope = log_loss(moved, right), powers / powers.sum(1, keepdims=True) - wanted
        pull, away = PULL * ((numbers - start) ** 2).sum(), 2 * PULL * (numbers - start)
        return value + pull, np.concatenate([(slope * scores).sum(0), slope.sum(0)]) / parts + away

    positive = [(SMALLEST, None)] * labels
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[*positive, *[(None, None)] * labels]).x
    return {"scale": (found[:labels] / temperature).tolist(), "shift": found[labels:].tolist()}


def softened(probabilities: Array, temperature: float) -> Array:
    """`(..., label)`, as if the scores had been divided by the temperature; 0 stays 0."""
    if temperature == 1:
        return probabilities
    with np.errstate(divide="ignore"):
        logs = np.log(probabilities) / temperature
    powers = np.exp(logs - logs.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def forget(state: dict[str, Any]) -> None:
    """Remove an earlier fit from a task's state."""
    for key in KEYS:
        state.pop(key, None)
