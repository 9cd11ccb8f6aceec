"""Metrics: pure functions of predictions and references, by name.

    find_metric("macro_f1", "labels")([0, 1, 1], [0, 1, 0])   # {"macro_f1": 0.666...}
    load("macro_f1").compute(predictions=[0, 1, 1], references=[0, 1, 0])   # the same as an `evaluate` module

Neither scikit-learn, scipy nor `evaluate` is imported before a metric needs it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from bertkit import plugins
from bertkit.errors import BertkitError, PluginError
from bertkit.metrics.answers import ANSWERS
from bertkit.metrics.bootstrap import intervals
from bertkit.metrics.classification import (
    Average,
    Figure,
    accuracy,
    auc,
    averaged,
    calibration_error,
    f1,
    gaps,
    log_loss,
    matthews,
    micro_parts,
    of_gaps,
    of_micro,
    of_two_labels,
    precision,
    recall,
    right,
    row_losses,
    two_labels,
)
from bertkit.metrics.entities import ENTITIES
from bertkit.metrics.glue import GLUE
from bertkit.metrics.language import LANGUAGE
from bertkit.metrics.metric import Metric, Takes, Trusted
from bertkit.metrics.ranking.figures import RANKING
from bertkit.metrics.regression import absolute, mae, mse, pearson, spearman, squared
from bertkit.metrics.resamples.labels import auc_in_resamples, in_resamples, matthews_in_resamples
from bertkit.metrics.resamples.numbers import pearson_in_resamples, spearman_in_resamples
from bertkit.metrics.trusted import labels, numbers
from bertkit.metrics.trusted.tags import SEQEVAL

if TYPE_CHECKING:
    from evaluate import EvaluationModule

__all__ = ["METRICS", "Metric", "Takes", "Trusted", "find_metric", "intervals", "load", "try_out"]


def _average(name: str, figure: Figure, average: Average, **parts: Any) -> Metric:
    return Metric(name, averaged(figure, average), "labels", reference=labels.averages(figure, average), **parts)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", accuracy, "labels", per_row=right, reference=labels.ACCURACY),
        Metric(
            "precision",
            precision,
            "labels",
            per_row=two_labels,
            finish=of_two_labels("precision"),
            reference=labels.averages("precision", "binary"),
        ),
        Metric(
            "recall",
            recall,
            "labels",
            per_row=two_labels,
            finish=of_two_labels("recall"),
            reference=labels.averages("recall", "binary"),
        ),
        Metric(
            "f1",
            f1,
            "labels",
            per_row=two_labels,
            finish=of_two_labels("f1"),
            reference=labels.averages("f1", "binary"),
        ),
        _average("macro_precision", "precision", "macro", weighted=in_resamples("precision", "macro")),
        _average("macro_recall", "recall", "macro", weighted=in_resamples("recall", "macro")),
        _average("macro_f1", "f1", "macro", weighted=in_resamples("f1", "macro")),
        _average("micro_precision", "precision", "micro", per_row=micro_parts, finish=of_micro("precision")),
        _average("micro_recall", "recall", "micro", per_row=micro_parts, finish=of_micro("recall")),
        _average("micro_f1", "f1", "micro", per_row=micro_parts, finish=of_micro("f1")),
        _average("weighted_precision", "precision", "weighted", weighted=in_resamples("precision", "weighted")),
        _average("weighted_recall", "recall", "weighted", weighted=in_resamples("recall", "weighted")),
        _average("weighted_f1", "f1", "weighted", weighted=in_resamples("f1", "weighted")),
        Metric("matthews", matthews, "labels", weighted=matthews_in_resamples, reference=labels.MATTHEWS),
        Metric("auc", auc, "probabilities", weighted=auc_in_resamples, reference=labels.AUC),
        Metric(
            "log_loss",
            log_loss,
            "probabilities",
            greater_is_better=False,
            per_row=row_losses,
            reference=labels.LOG_LOSS,
        ),
        Metric(
            "calibration_error",
            calibration_error,
            "probabilities",
            greater_is_better=False,
            per_row=gaps,
            finish=of_gaps,
            bootstrap="absolute",
            reference=labels.CALIBRATION,
        ),
        Metric("pearson", pearson, "scores", weighted=pearson_in_resamples, reference=numbers.PEARSON),
        Metric("spearman", spearman, "scores", weighted=spearman_in_resamples, reference=numbers.SPEARMAN),
        Metric("mse", mse, "scores", greater_is_better=False, per_row=squared, reference=numbers.MSE),
        Metric("mae", mae, "scores", greater_is_better=False, per_row=absolute, reference=numbers.MAE),
        *GLUE,
        *ANSWERS,
        *ENTITIES,
        *SEQEVAL,
        *LANGUAGE,
        *RANKING,
    )
}


def find_metric(reference: str, default_takes: Takes, *, where: str = "metrics") -> Metric:
    """The metric that a recipe names: a built-in, `evaluate:NAME_OR_PATH`, or a Reference to a user's.

    A user's is a Metric or a function `(predictions, references)` that returns a number or numbers by name. Attributes
    of the function replace the defaults: `cost.takes = "probabilities"`, `cost.greater_is_better = False`;
    `cost.reference` is a function, or a `Trusted`, that computes the same figure in another way.

    Args:
        default_takes: what a function without `takes` is called with.
        where: the recipe key or option to name in an error.

    Raises:
        PluginError: there is no such metric, it can not be loaded, or it is no metric.
    """
    if reference.startswith("evaluate:"):
        from bertkit.metrics import bridge

        return _guarded(bridge.from_module(reference.removeprefix("evaluate:"), default_takes, where))
    metric = plugins.find("metric", reference, where=where)
    if reference in METRICS:
        return metric
    if not isinstance(metric, Metric):
        metric = _from_function(metric, reference, default_takes, where)
    return _guarded(metric)


def load(reference: str, default_takes: Takes = "labels") -> EvaluationModule:
    """A metric as an `evaluate` module: `load("macro_f1").compute(predictions=[0, 1], references=[0, 0])`.

    `evaluate:NAME_OR_PATH` gives that module itself.

    Raises:
        PluginError: as `find_metric`.
    """
    from bertkit.metrics import bridge

    if reference.startswith("evaluate:"):
        return bridge.load_module(reference.removeprefix("evaluate:"), "metric")
    return bridge.as_module(find_metric(reference, default_takes, where="metric"))


def try_out(metric: Metric, predictions: Any, references: Any) -> None:
    """Call a metric, its `per_row` and `finish` on a few rows, before there is work to lose.

    Raises:
        DataError: it does not fit such rows.
        PluginError: its code is wrong. A ValueError or a division by zero is ignored: so few rows may cause it.
    """
    try:
        figures = metric(predictions, references)
        parts = metric.parts(*metric.checked(predictions, references))
        if parts is not None:
            metric.check_parts(figures, parts)
    except PluginError as error:
        if not isinstance(error.__cause__, (ValueError, ArithmeticError)):
            raise


def _from_function(function: Any, reference: str, default_takes: Takes, where: str) -> Metric:
    if not callable(function) or isinstance(function, type):
        kind = "a class" if isinstance(function, type) else type(function).__name__
        what = f"{reference} is {kind}, not a function"
        raise PluginError.at(where, what, "a metric is a function (predictions, references) -> number, or a Metric")
    takes = getattr(function, "takes", default_takes)
    if takes not in get_args(Takes):
        raise PluginError.at(where, f"{reference} takes {takes!r}", f"known: {', '.join(get_args(Takes))}")
    name = reference.rpartition(":")[2]
    trusted = getattr(function, "reference", None)
    if callable(trusted):
        trusted = Trusted(getattr(trusted, "__name__", "a reference"), trusted)
    better = bool(getattr(function, "greater_is_better", True))
    return Metric(name, function, takes, better, reference=trusted)


def _guarded(metric: Metric) -> Metric:
    """The same metric, whose functions turn every error of a user's code into a PluginError."""

    def guarded(function: Callable[..., Any] | None, todo: str) -> Any:
        if function is None:
            return None

        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except BertkitError:
                raise
            except Exception as error:
                raise PluginError.at(f"metric {metric.name}", plugins.raised(error), todo) from error

        return call

    trusted = metric.reference
    if trusted:
        todo = "its reference is called with two arrays: predictions, references"
        trusted = replace(trusted, function=guarded(trusted.function, todo), explains=guarded(trusted.explains, todo))
    return replace(
        metric,
        reference=trusted,
        function=guarded(metric.function, "it is called with two arrays: predictions, references"),
        per_row=guarded(metric.per_row, "per_row is called with two arrays: predictions, references"),
        finish=guarded(metric.finish, "finish is called with sums (sample, part) and the number of rows"),
        weighted=guarded(metric.weighted, "weighted is called with two arrays: predictions, references"),
    )
