"""What each GLUE task is scored with (https://gluebenchmark.com/tasks), the figure that selects the model first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bertkit.metrics.classification import accuracy, f1, matthews, of_two_labels, right, two_labels
from bertkit.metrics.metric import Array, Metric, Takes
from bertkit.metrics.regression import pearson, spearman


def together(name: str, takes: Takes, functions: dict[str, Callable[[Array, Array], float]], **parts: Any) -> Metric:
    """A metric of several figures, one per function, by name; `parts`: its `per_row` and `finish`."""

    def score(predictions: Array, references: Array) -> dict[str, float]:
        return {key: function(predictions, references) for key, function in functions.items()}

    return Metric(name, score, takes, keys=tuple(functions), **parts)


def _accuracy(name: str) -> Metric:
    return together(name, "labels", {"accuracy": accuracy}, per_row=right)


def _f1_and_accuracy(name: str) -> Metric:
    figures = {"f1": f1, "accuracy": accuracy}
    return together(name, "labels", figures, per_row=two_labels, finish=of_two_labels(*figures))


GLUE = (
    together("glue/cola", "labels", {"matthews": matthews}),
    _accuracy("glue/sst2"),
    _f1_and_accuracy("glue/mrpc"),
    together("glue/stsb", "scores", {"pearson": pearson, "spearman": spearman}),
    _f1_and_accuracy("glue/qqp"),
    _accuracy("glue/mnli"),
    _accuracy("glue/qnli"),
    _accuracy("glue/rte"),
    _accuracy("glue/wnli"),
    together("glue/ax", "labels", {"matthews": matthews}),
)
