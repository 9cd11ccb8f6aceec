"""What each GLUE task is scored with (https://gluebenchmark.com/tasks), the figure that selects the model first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bertkit.metrics.classification import (
    accuracy,
    f1,
    matthews,
    of_two_labels,
    right,
    two_labels,
)
from bertkit.metrics.metric import Array, Metric, Takes
from bertkit.metrics.regression import pearson, spearman
from bertkit.metrics.resamples.labels import matthews_in_resamples
from bertkit.metrics.resamples.numbers import pearson_in_resamples, spearman_in_resamples
from bertkit.metrics.trusted import labels, numbers


def together(name: str, takes: Takes, functions: dict[str, Callable[[Array, Array], float]], **parts: Any) -> Metric:
    """A metric of several figures, one per function, by name; `parts`: the Metric's other fields."""

    def score(predictions: Array, references: Array) -> dict[str, float]:
        return {key: function(predictions, references) for key, function in functions.items()}

    return Metric(name, score, takes, keys=tuple(functions), **parts)


def _accuracy(name: str) -> Metric:
    return together(name, "labels", {"accuracy": accuracy}, per_row=right, reference=labels.ACCURACY)


def _f1_and_accuracy(name: str) -> Metric:
    figures = {"f1": f1, "accuracy": accuracy}
    reference = labels.together(labels.averages("f1", "binary"), labels.ACCURACY)
    return together(name, "labels", figures, per_row=two_labels, finish=of_two_labels(*figures), reference=reference)


def _both_correlations(predictions: Array, references: Array) -> Callable[[Array], dict[str, Array]]:
    both = [weighted(predictions, references) for weighted in (pearson_in_resamples, spearman_in_resamples)]
    return lambda counts: both[0](counts) | both[1](counts)


GLUE = (
    together("glue/cola", "labels", {"matthews": matthews}, weighted=matthews_in_resamples, reference=labels.MATTHEWS),
    _accuracy("glue/sst2"),
    _f1_and_accuracy("glue/mrpc"),
    together(
        "glue/stsb",
        "scores",
        {"pearson": pearson, "spearman": spearman},
        weighted=_both_correlations,
        reference=labels.together(numbers.PEARSON, numbers.SPEARMAN),
    ),
    _f1_and_accuracy("glue/qqp"),
    _accuracy("glue/mnli"),
    _accuracy("glue/qnli"),
    _accuracy("glue/rte"),
    _accuracy("glue/wnli"),
    together("glue/ax", "labels", {"matthews": matthews}, weighted=matthews_in_resamples, reference=labels.MATTHEWS),
)
