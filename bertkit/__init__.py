"""bertkit: pre-train, fine-tune, evaluate and run BERT-family encoders.

    from bertkit import train, Run, Predictor

    run = train("demo/support")
    Predictor.open(run).predict(["where is my parcel?"])

Names are imported on first use, because importing torch takes seconds.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bertkit.errors import BertkitError
    from bertkit.estimators.classifier import BertClassifier
    from bertkit.estimators.regressor import BertRegressor
    from bertkit.inference.checkpoint import Checkpoint
    from bertkit.inference.predictor import Predictor
    from bertkit.inference.vectors import embed
    from bertkit.recipe.load import load as load_recipe
    from bertkit.recipe.schema import Recipe
    from bertkit.run import Run
    from bertkit.search.keywords.extract import keywords
    from bertkit.training.train import train

__version__ = "0.1.0"
__all__ = [
    "BertClassifier",
    "BertRegressor",
    "BertkitError",
    "Checkpoint",
    "Predictor",
    "Recipe",
    "Run",
    "embed",
    "keywords",
    "load_recipe",
    "train",
]

_PUBLIC = {
    "BertClassifier": "bertkit.estimators.classifier:BertClassifier",
    "BertRegressor": "bertkit.estimators.regressor:BertRegressor",
    "BertkitError": "bertkit.errors:BertkitError",
    "Checkpoint": "bertkit.inference.checkpoint:Checkpoint",
    "Predictor": "bertkit.inference.predictor:Predictor",
    "Recipe": "bertkit.recipe.schema:Recipe",
    "Run": "bertkit.run:Run",
    "embed": "bertkit.inference.vectors:embed",
    "keywords": "bertkit.search.keywords.extract:keywords",
    "load_recipe": "bertkit.recipe.load:load",
    "train": "bertkit.training.train:train",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'bertkit' has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
