"""What `BertClassifier` and `BertRegressor` share: a fit is a training, and what it leaves is a Run.

They follow scikit-learn's developer guide: clone, grid search, pipelines and pickles work. A pickle holds the Run's
model, so that it can be loaded anywhere; the price is its size, that of the weights. The Run lies in a folder of its
own inside `output`, or in a temporary folder that is removed with the estimator.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from bertkit.errors import BertkitError, DataError, RecipeError, Stopped
from bertkit.inference.predictor import Predictor
from bertkit.run import Run
from bertkit.tasks.task import Answer
from bertkit.training.train import train as train_recipe

COLUMNS = ("text", "text_pair")
NOT_PICKLED = ("report.html", "local.json", "log.jsonl", "tensorboard", "checkpoints")
"""Of a Run: what answering does not need. The report holds texts of the validation rows."""
MOST_SEED = 2**31 - 1
RUN = "run"
"""How the name of a Run's folder begins."""


class InputError(BertkitError, ValueError):
    """X, y or a parameter that can not be used: a ValueError, as scikit-learn expects it."""


@contextmanager
def as_input_errors() -> Iterator[None]:
    """Raise an InputError in place of a DataError or RecipeError: elsewhere these must not be caught as ValueErrors."""
    try:
        yield
    except (DataError, RecipeError) as error:
        raise InputError(*error.problems) from error


class BertEstimator(BaseEstimator):
    """The base of the estimators (no estimator itself).

    Args:
        model: a hub name, a folder, or a dict of the recipe's block `model` (docs/recipes.md).
        max_length: in tokens; longer texts are cut. Default: what the model takes.
        num_train_epochs: default 3, and more on little data.
        validation_fraction: share of the rows on which the best checkpoint is chosen.
        options: the task's other options, as in a recipe.
        train: other keys of transformers' `TrainingArguments`, and bertkit's own, as in a recipe.
        output: a folder in which each fit makes a Run, `run-1` and so on. Default: a temporary folder.
        random_state: an int for the same model at each fit.

    Attributes:
        run_: the Run of the last fit.
        predictor_: its Predictor.
        n_features_in_: 1 for texts, 2 for pairs, where X had two dimensions.
        feature_names_in_: the columns of X, where it was a DataFrame.
    """

    task: ClassVar[str]

    def __init__(
        self,
        model: str | Path | Mapping[str, Any] = "bert-base-uncased",
        *,
        max_length: int | None = None,
        num_train_epochs: float | None = None,
        learning_rate: float = 5e-5,
        per_device_train_batch_size: int = 32,
        validation_fraction: float = 0.1,
        options: Mapping[str, Any] | None = None,
        train: Mapping[str, Any] | None = None,
        output: str | Path | None = None,
        random_state: Any = None,
    ):
        self.model = model
        self.max_length = max_length
        self.num_train_epochs = num_train_epochs
        self.learning_rate = learning_rate
        self.per_device_train_batch_size = per_device_train_batch_size
        self.validation_fraction = validation_fraction
        self.options = options
        self.train = train
        self.output = output
        self.random_state = random_state

    def _train(self, texts: list[tuple[str, ...]], answers: Sequence[Any], answer: str, **blocks: Any) -> Self:
        """Train on texts and their answers.

        Args:
            answer: name of the answers' column.
            blocks: `data` and `options` beside those of the parameters; `learnt`: attributes that are set once the
                training has succeeded: an earlier fit survives one that fails.
        """
        if len(texts) < 2:
            raise InputError.at("X", "has one row (1 sample)", "one is for validation: train on two or more")
        names = ("num_train_epochs", "learning_rate", "per_device_train_batch_size")
        own = {name: getattr(self, name) for name in names}
        ratio = {"validation_ratio": float(self.validation_fraction)}
        recipe = {
            "task": self.task,
            "model": self.model,
            "data": {**ratio, **blocks.get("data", {})},
            "options": _joined("options", {"max_length": self.max_length, **blocks.get("options", {})}, self.options),
            "train": {"report_to": "none", **_joined("train", own, self.train)},
            "seed": self._seed(),
        }
        inputs = (dict(zip(COLUMNS, text, strict=False)) for text in texts)
        rows = [{**row, answer: value} for row, value in zip(inputs, answers, strict=True)]
        temporary = _temporary() if self.output is None else None
        folder = Path(temporary.name, RUN) if temporary else self._new_folder()
        try:
            with as_input_errors():
                self.run_ = train_recipe(recipe, data=rows, output=folder)
        except Stopped as stopped:  # a search must not take it for a fit that failed, and go on
            raise KeyboardInterrupt(str(stopped)) from stopped
        self._width = len(texts[0])
        for name, value in blocks.get("learnt", {}).items():
            setattr(self, name, value)
        self._temporary = temporary  # that of an earlier fit is removed now, and not if this one has failed
        self.predictor_ = Predictor.open(self.run_)
        return self

    def _seed(self) -> int:
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(MOST_SEED))

    def _new_folder(self) -> Path:
        """A new, empty folder for a Run in `output`, where other fits may make theirs just now."""
        output = Path(str(self.output))
        output.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            folder = output / f"{RUN}-{number}"
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
        raise AssertionError

    def _answers(self, X: Any) -> list[Answer]:
        check_is_fitted(self)
        texts = self._texts(X)
        if len(texts[0]) != self._width:
            single, pairs = "single texts", "pairs of texts"
            what = f"{pairs if self._width == 1 else single}, but the model was trained on "
            raise InputError.at("X", what + (single if self._width == 1 else pairs))
        with as_input_errors():
            return self.predictor_.predict(texts)

    def _texts(self, X: Any, **fitted: Any) -> list[tuple[str, ...]]:
        """The texts of X, each `(text,)` or `(text, its pair)`.

        Args:
            fitted: `y`, where X is that of `fit`.

        Raises:
            InputError: other than texts, or none.
            ValueError: other columns than those of `fit`, or no y (scikit-learn's own messages).
        """
        accepted = "give a list, Series or array of texts, or two columns of texts"
        if isinstance(X, str):
            raise InputError.at("X", "is one text", f"{accepted}: [text]")
        values = np.asarray(X, dtype=object)
        if values.ndim not in (1, 2) or (values.ndim == 2 and values.shape[1] not in (1, 2)):
            raise InputError.at("X", f"its shape is {values.shape}", accepted)
        if not len(values):
            raise InputError.at("X", "has no rows (0 samples)", accepted)
        validate_data(self, X, reset=bool(fitted), skip_check_array=True, **fitted)
        rows = [tuple(row) for row in (values[:, None] if values.ndim == 1 else values)]
        for number, row in enumerate(rows):
            if other := [value for value in row if not isinstance(value, str)]:
                raise InputError.at(f"X[{number}]", f"not a text: {other[0]!r:.60}", accepted)
        return rows

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "run_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False  # of numbers
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = {k: value for k, value in super().__getstate__().items() if k not in ("predictor_", "_temporary")}
        return {**state, "run_": _packed(self.run_)} if "run_" in state else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({name: value for name, value in state.items() if name != "run_"})
        if "run_" in state:
            self._temporary = _temporary()
            self.run_ = _unpacked(state["run_"], Path(self._temporary.name, RUN))
            self.predictor_ = Predictor.open(self.run_)


def _temporary() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="bertkit-", ignore_cleanup_errors=True)


def _joined(name: str, own: Mapping[str, Any], more: Mapping[str, Any] | None) -> dict[str, Any]:
    """The values of parameters that are set, and further keys, which must not be parameters themselves."""
    if twice := sorted(own.keys() & (more or {}).keys()):
        raise InputError.at(f"{name}.{twice[0]}", "is a parameter of the estimator", f"leave it out of {name}")
    return {**{key: value for key, value in own.items() if value is not None}, **(more or {})}


def _packed(run: Run) -> dict[str, bytes]:
    """The files of a Run by their names in it, without those in NOT_PICKLED."""
    files = [path for path in sorted(run.path.rglob("*")) if path.is_file()]
    names = {path.relative_to(run.path): path for path in files}
    return {name.as_posix(): path.read_bytes() for name, path in names.items() if name.parts[0] not in NOT_PICKLED}


def _unpacked(files: Mapping[str, bytes], folder: Path) -> Run:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Run(folder)
