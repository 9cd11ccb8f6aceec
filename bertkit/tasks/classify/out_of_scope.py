"""Metrics for data with an out-of-scope label, for rows that belong to no other label (Larson et al. 2019, section 3):
accuracy of the rows in scope, and recall of the rows out of scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from bertkit.metrics import Metric


def metrics(outside: int) -> list[Metric]:
    """`in_scope_accuracy` and `out_of_scope_recall`; nan where there are no such rows.

    Args:
        outside: number of the label of rows that belong to no other.
    """
    from bertkit.metrics import Metric

    def in_scope_accuracy(predictions: np.ndarray, references: np.ndarray) -> float:
        return _share((predictions == references)[references != outside])

    def out_of_scope_recall(predictions: np.ndarray, references: np.ndarray) -> float:
        return _share((predictions == outside)[references == outside])

    return [Metric(f.__name__, f, "labels") for f in (in_scope_accuracy, out_of_scope_recall)]


def _share(right: np.ndarray) -> float:
    return float(right.mean()) if right.size else float("nan")
