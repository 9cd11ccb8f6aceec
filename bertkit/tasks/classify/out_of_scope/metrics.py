"""Metrics for data with an out-of-scope label, for rows that belong to no other label: accuracy of the rows in scope
and recall of the rows out of scope (Larson et al. 2019, section 3), and how well their scores tell them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertkit.metrics.reliability.detection import area, false_positives

if TYPE_CHECKING:
    from bertkit.metrics import Metric
    from bertkit.metrics.metric import PerRow


def metrics(outside: int, *, scored: bool = False) -> list[Metric]:
    """`in_scope_accuracy` and `out_of_scope_recall`; of answers with a score also `out_of_scope_auc`, the area under
    the ROC curve, and `out_of_scope_fpr95`, the share of the rows in scope that are called outside where 95% of those
    outside are found. nan where there are no such rows.

    Args:
        outside: number of the label of rows that belong to no other.
        scored: whether answers have a score.
    """
    from bertkit.metrics import Metric

    def in_scope(predictions: np.ndarray, references: np.ndarray) -> np.ndarray:
        inside = references != outside
        return np.stack([(predictions == references) & inside, inside], axis=1)

    def out_of_scope(predictions: np.ndarray, references: np.ndarray) -> np.ndarray:
        there = references == outside
        return np.stack([(predictions == outside) & there, there], axis=1)

    detection = [
        Metric("out_of_scope_auc", lambda scores, there: area(scores, there > 0), "scores"),
        Metric(
            "out_of_scope_fpr95",
            lambda scores, there: false_positives(scores, there > 0),
            "scores",
            greater_is_better=False,
        ),
    ]
    shares = [_share("in_scope_accuracy", in_scope), _share("out_of_scope_recall", out_of_scope)]
    return [*shares, *(detection if scored else [])]


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
