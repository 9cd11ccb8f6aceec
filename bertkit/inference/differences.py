"""How two models differ on the same rows, each figure with its paired test (metrics/paired.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertkit.errors import DataError
from bertkit.inference import score
from bertkit.metrics import Metric, paired
from bertkit.metrics.paired import Difference, Effort
from bertkit.tasks.task import Answer, Rows, Task


def differences(
    task: Task, answers: Sequence[list[Answer]], rows: Rows, metrics: Sequence[Metric], shuffles: int = paired.SHUFFLES
) -> list[Difference]:
    """How two models differ on the same rows, in each figure of the metrics that has an interval.

    Args:
        answers: of both models.

    Raises:
        DataError: they read different right answers from the rows.
    """
    found, effort = [], Effort(score.SAMPLES, shuffles)
    for metric in metrics:
        (first, actual), (second, again) = (task.compare(own, rows, metric.takes) for own in answers)
        if len(actual) != len(again) or any(np.any(a != b) for a, b in zip(actual, again, strict=True)):
            what = "the Runs read different right answers from the same rows"
            raise DataError.at(f"metric {metric.name}", what, "compare Runs that read their data alike")
        found += paired.differences(metric, first, second, actual, effort)
    return list({difference.figure: difference for difference in found}.values())
