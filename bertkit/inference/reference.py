"""`bertkit eval --reference`: the figures of answers again, by the libraries that the metrics name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bertkit.tasks.task import Answer, Rows, Task

if TYPE_CHECKING:
    from bertkit.metrics import Metric


def recomputed(task: Task, answers: list[Answer], rows: Rows, metrics: Sequence[Metric]) -> list[dict[str, Any]]:
    """Each figure as `Recomputed.as_dict` gives it.

    Raises:
        BertkitError: a reference's function fails.
    """
    from bertkit.metrics.trusted.recompute import recompute

    found = [again for metric in metrics for again in recompute(metric, *task.compare(answers, rows, metric.takes))]
    return [again.as_dict for again in {again.figure: again for again in found}.values()]
