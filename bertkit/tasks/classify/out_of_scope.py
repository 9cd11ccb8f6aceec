"""Metrics for data with an out-of-scope label, for rows that belong to no other label (Larson et al. 2019, section 3):
accuracy of the rows in scope, and recall of the rows out of scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bertkit.metrics import Metric
    from bertkit.metrics.metric import PerRow


def metrics(outside: int) -> list[Metric]:
    """`in_scope_accuracy` and `out_of_scope_recall`; nan where there are no such rows.

    Args:
        outside: number of the label of rows that belong to no other.
    """

    def in_scope(predictions: np.ndarray, references: np.ndarray) -> np.ndarray:
        inside = references != outside
        return np.stack([(predictions == references) & inside, inside], axis=1)

    def out_of_scope(predictions: np.ndarray, references: np.ndarray) -> np.ndarray:
        there = references == outside
        return np.stack([(predictions == outside) & there, there], axis=1)

    return [_share("in_scope_accuracy", in_scope), _share("out_of_scope_recall", out_of_scope)]


def _share(name: str, per_row: PerRow) -> Metric:
    """The share of rows with the first part among those with the second."""
    from bertkit.metrics import Metric

    def share(sums: np.ndarray) -> np.ndarray:
        right, rows = sums.T
        return np.divide(right, rows, out=np.full(len(rows), np.nan), where=rows > 0)

    return Metric(
        name,
        lambda predictions, references: float(share(per_row(predictions, references).sum(axis=0)[None])[0]),
        "labels",
        per_row=per_row,
        finish=lambda sums, rows: {name: share(sums)},
    )
