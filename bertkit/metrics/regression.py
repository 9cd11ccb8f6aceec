"""Metrics of numbers: predictions and references are float64 `(row,)`."""

from __future__ import annotations

import numpy as np

from bertkit.metrics.metric import Array


def pearson(predictions: Array, references: Array) -> float:
    """Pearson's correlation; `nan` where either side is constant."""
    from scipy.stats import pearsonr

    return np.nan if _constant(predictions, references) else pearsonr(predictions, references).statistic


def spearman(predictions: Array, references: Array) -> float:
    """Spearman's rank correlation, ties by their mean rank; `nan` where either side is constant."""
    from scipy.stats import spearmanr

    return np.nan if _constant(predictions, references) else spearmanr(predictions, references).statistic


def mse(predictions: Array, references: Array) -> float:
    """Mean squared error, in the reference's unit squared."""
    return float(np.mean(squared(predictions, references)))


def mae(predictions: Array, references: Array) -> float:
    """Mean absolute error, in the reference's unit."""
    return float(np.mean(absolute(predictions, references)))


def squared(predictions: Array, references: Array) -> Array:
    """Squared error of each row, `(row,)`."""
    return np.square(predictions - references)


def absolute(predictions: Array, references: Array) -> Array:
    """Absolute error of each row, `(row,)`."""
    return np.abs(predictions - references)


def _constant(*sides: Array) -> bool:
    return any(np.ptp(side) == 0 for side in sides)
