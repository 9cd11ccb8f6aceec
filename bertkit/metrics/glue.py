"""What each GLUE task is scored with (https://gluebenchmark.com/tasks), the figure that selects the model first."""

from __future__ import annotations

from collections.abc import Callable

from bertkit.metrics.classification import accuracy, f1, matthews
from bertkit.metrics.metric import Array, Metric, Takes
from bertkit.metrics.regression import pearson, spearman


def together(name: str, takes: Takes, **functions: Callable[[Array, Array], float]) -> Metric:
    """A metric of several figures, one a function, under the functions' names here."""

    def score(predictions: Array, references: Array) -> dict[str, float]:
        return {key: function(predictions, references) for key, function in functions.items()}

    return Metric(name, score, takes, keys=tuple(functions))


GLUE = (
    together("glue/cola", "labels", matthews=matthews),
    together("glue/sst2", "labels", accuracy=accuracy),
    together("glue/mrpc", "labels", f1=f1, accuracy=accuracy),
    together("glue/stsb", "scores", pearson=pearson, spearman=spearman),
    together("glue/qqp", "labels", f1=f1, accuracy=accuracy),
    together("glue/mnli", "labels", accuracy=accuracy),
    together("glue/qnli", "labels", accuracy=accuracy),
    together("glue/rte", "labels", accuracy=accuracy),
    together("glue/wnli", "labels", accuracy=accuracy),
    together("glue/ax", "labels", matthews=matthews),
)
