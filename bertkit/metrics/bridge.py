"""`evaluate` modules as metrics, and metrics as `evaluate` modules. Import it where it is used: `evaluate` takes 7 s.

`evaluate` casts its inputs to its modules' features, so that an integer feature silently truncates 0.9 to 0. Therefore
a module that takes integers is refused for probabilities and scores, and a metric of ours that was loaded as a module
checks its inputs before they are cast.
"""

from __future__ import annotations

import contextlib
from numbers import Real
from pathlib import Path
from typing import Any

import evaluate
from datasets import Features, Sequence, Value
from evaluate.loading import init_dynamic_modules

from bertkit import hub, plugins, trust
from bertkit.errors import BertkitError, PluginError
from bertkit.metrics.metric import Array, Metric, Takes
from bertkit.trust import Code

LOWER_IS_BETTER = {"brier_score", "cer", "mae", "mape", "mase", "mse", "perplexity", "smape", "ter", "wer"}
"""The hub's modules have no direction. For one not listed here, write a function with `greater_is_better = False`."""

_label, _labels, _number = Value("int64"), Sequence(Value("int64")), Value("float64")
FEATURES: dict[Takes, list[Features]] = {
    "labels": [Features(predictions=side, references=side) for side in (_labels, _label)],
    "probabilities": [Features(predictions=Sequence(_number), references=side) for side in (_labels, _label)],
    "scores": [Features(predictions=_number, references=_number)],
    "ranking": [Features(predictions=_number, references=_labels)],
}
"""A metric's features in `evaluate`, which takes the first that fit; a list of one integer fits an integer."""


def load_module(path: str, where: str) -> evaluate.EvaluationModule:
    """The `evaluate` module at a path (script or folder), or with a name on the hub.

    A path (`./name`, `name.py`) is the recipe's own code, and a plain name a module of `evaluate` itself. What comes
    from somebody's account on the hub, or from a folder here that bears the name, must be allowed (trust.py).

    Raises:
        PluginError: it does not exist, can not be downloaded, is not allowed, or its code fails.
    """
    offline = not hub.reachable()
    named = not path.endswith(".py") and not path.startswith((".", "/"))
    evaluate.config.HF_EVALUATE_OFFLINE = offline  # else it retries for long, even for a script on this machine
    try:
        with hub.cache_only() if offline else contextlib.nullcontext():
            if named and ("/" in path or plugins.evaluate_script(path)):
                trust.check(_fetched(path), "this metric", PluginError)
            return evaluate.load(path, keep_in_memory=True)
    except BertkitError:
        raise
    except Exception as error:  # a script's code may raise anything, and so may the network
        if not offline and named and (said := _why_not(path)):
            raise PluginError.at(where, said.what, said.todo) from error
        what = f"evaluate can not load {path}: {type(error).__name__}: {error}"
        todo = "names are looked up on the hub: without network use a script (evaluate:./my_metric.py) or a built-in"
        raise PluginError.at(where, what, todo) from error


def _why_not(path: str) -> hub.Said | None:
    """Why the hub does not give a module, if it does not: as a user's own, or as one of evaluate's."""
    said = hub.check(path if "/" in path else f"evaluate-metric/{path}", "space")
    return said and said._replace(what=said.what.replace("evaluate-metric/", "", 1))


def _fetched(path: str) -> list[Code]:
    """The code of a module, fetched and not executed."""
    fetched = evaluate.loading.evaluation_module_factory(path)
    script = Path(init_dynamic_modules()).parent.joinpath(*fetched.module_path.split("."))
    return [Code.of_file(file) for file in sorted(script.parent.glob("*.py")) if file.name != "__init__.py"]


def from_module(path: str, takes: Takes, where: str) -> Metric:
    """An `evaluate` module as a Metric of the numbers it returns; other values (lists, texts) are left out.

    Raises:
        PluginError: it can not be loaded, takes other inputs than predictions and references, or truncates fractions.
    """
    module = load_module(path, where)
    options = module.features if isinstance(module.features, list) else [module.features]
    whole = {"labels": (), "probabilities": ("predictions",), "scores": ("predictions", "references")}.get(takes)
    if whole is None:
        what = f"evaluate:{path} can not be called with {takes}"
        raise PluginError.at(where, what, "call it from a function of your own: metrics: [./file.py:name]")
    for features in options:
        if set(features) != {"predictions", "references"}:
            what = f"evaluate:{path} takes {', '.join(features)}, not predictions and references"
            raise PluginError.at(where, what, "call it from a function of your own: metrics: [./file.py:name]")
        if any(_is_integer(features[side]) for side in whole):
            what = f"evaluate:{path} takes integers and would truncate the {takes}"
            raise PluginError.at(where, what, "use another metric")

    def function(predictions: Array, references: Array) -> dict[str, float]:
        figures = module.compute(predictions=predictions, references=references) or {}
        return {key: float(value) for key, value in figures.items() if isinstance(value, Real)}

    name = Path(path).stem
    return Metric(name, function, takes, greater_is_better=name not in LOWER_IS_BETTER)


def as_module(metric: Metric) -> evaluate.EvaluationModule:
    """The metric as an `evaluate.Metric`, with `compute`, `add_batch`, `add` and `evaluate.combine`."""
    return _Module(metric)


class _Module(evaluate.Metric):
    def __init__(self, metric: Metric):
        self.metric = metric
        super().__init__(keep_in_memory=True)
        self.info.module_name = metric.name

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=f"bertkit's {self.metric.name}",
            citation="",
            inputs_description="",
            features=FEATURES[self.metric.takes],
        )

    def add_batch(self, *, predictions: Any = None, references: Any = None, **kwargs: Any) -> None:
        """Add rows, checked as the metric does. Raises DataError."""
        predictions, references = self.metric.checked(predictions, references)
        super().add_batch(predictions=predictions, references=references, **kwargs)

    def add(self, *, prediction: Any = None, reference: Any = None, **kwargs: Any) -> None:
        """Add one row, checked as the metric does. Raises DataError."""
        self.add_batch(predictions=[prediction], references=[reference], **kwargs)

    def _compute(self, predictions: Array, references: Array) -> dict[str, float]:
        return self.metric(predictions, references)


def _is_integer(feature: Any) -> bool:
    while not hasattr(feature, "dtype") or feature.dtype in ("list", "dict"):
        feature = feature[0] if isinstance(feature, list) else feature.feature
    return feature.dtype.startswith(("int", "uint", "bool"))
