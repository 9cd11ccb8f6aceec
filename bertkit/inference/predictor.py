"""Predictor: rows in, answers out, by the same encode, model and decode that scored the training.

predictor = Predictor.open("runs/demo")
predictor.predict(["where is my parcel?"])                # [{"label": ..., "probabilities": {...}, ...}]
predictor.predict([("a premise", "its hypothesis")])      # pairs
predictor.predict([{"text": "...", "text_pair": "..."}])  # rows with the task's columns
predictor.predict(frame)                                  # a DataFrame or Dataset with these columns
predictor.predict(frame, as_frame=True)                   # the answers as a DataFrame with the frame's index
predictor.evaluate(frame).figures                         # with the column of the labels too
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, overload

from bertkit.data.memory import rows_of, table_of
from bertkit.data.tokenizer.of_run import open_tokenizer
from bertkit.engine.backends.opening import BACKENDS, Placement, torch_backend
from bertkit.engine.cache import encode
from bertkit.engine.examples import Examples, highest_of
from bertkit.engine.run import Compute, Progress, run
from bertkit.errors import DataError, RecipeError, RunError
from bertkit.inference.columns import AnswerColumns
from bertkit.inference.rows import as_row
from bertkit.inference.score import Scores, Split, sanity_checks, score
from bertkit.inference.seen import Seen
from bertkit.models.build import check_ids, load_tokenizer
from bertkit.recipe.schema import ModelBlock, Recipe
from bertkit.run import Run
from bertkit.tasks.task import Answer, Encoded, Rows, Task, TaskOptions, make_task
from bertkit.warn import warn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.engine.backends.backend import Backend, Precision
    from bertkit.metrics import Metric


class Prepared(NamedTuple):
    """Rows as a model reads them."""

    rows: list[dict[str, Any]]
    """With the task's columns."""
    encoded: Encoded
    seen: Seen


class Predictor:
    """A task, a tokenizer and a backend, ready to answer. `Predictor.open` makes one from a Run.

    Args:
        recipe: how the task's rows are read, and by which metrics they are scored.
    """

    identity: dict[str, str] | None = None
    """Hashes of a model that is elsewhere; None: they are made of this one (bulk/identity.py)."""

    def __new__(cls, *parts: Any, **_: Any) -> Self:
        if parts and isinstance(parts[0], (str, Path, Run)):
            path = parts[0].path if isinstance(parts[0], Run) else parts[0]
            raise RunError.at(str(path), "a Predictor of a Run is opened", f"Predictor.open({str(path)!r})")
        return super().__new__(cls)

    def __init__(self, task: Task, tokenizer: PreTrainedTokenizerBase, backend: Backend, recipe: Recipe):
        self.task, self.tokenizer, self.backend, self.recipe = task, tokenizer, backend, recipe
        self.limit = int(min(backend.max_tokens, tokenizer.model_max_length))
        self.collate = task.collator(tokenizer)
        self.compute: Compute = run
        """How outputs are computed: by the loop of engine/run.py; a server puts a queue here."""
        self._unfit = False

    @classmethod
    def open(
        cls,
        source: Run | str | Path,
        *,
        device: str | None = None,
        trust_code: bool = False,
        needs: Collection[str] = (),
        options: TaskOptions | None = None,
        precision: Precision = "float32",
    ) -> Predictor:
        """The predictor of a Run.

        Args:
            source: a Run or its folder.
            device: as torch names it (`cpu`, `cuda:1`); default: one GPU per process, else the CPU.
            trust_code: whether custom code in the Run may be executed (see `Run.open`).
            needs: what the backend must have besides outputs (`Backend.can`).
            options: the task's, to answer with others than it was trained with (`Task.with_options`).
            precision: of the encoder.

        Raises:
            RunError: the folder is not a finished Run, its code is not trusted, its model is damaged, there is no
                backend for it, or its backend lacks what is needed.
            ModelError: its model can not be loaded.
            RecipeError: options that the model can not answer with.
        """
        run = source if isinstance(source, Run) else Run.open(source, trust_code=trust_code)
        if run.backend not in BACKENDS:
            what = f"its model needs the backend {run.backend}, which this version of bertkit does not have"
            raise RunError.at(str(run.path), what, f"upgrade bertkit; it has {', '.join(BACKENDS)}")
        place = Placement(device, precision)
        place.check()
        run.check_content()
        recipe = run.recipe
        task = make_task(recipe, run.task_state)
        if options is not None:
            _check_graph(run, task, options)
            task = task.with_options(options)
        block = ModelBlock(name=str(run.model), padding_free=recipe.model.padding_free)
        opener = torch_backend if needs and run.backend == "torch" else BACKENDS[run.backend]
        backend = opener(task.head, block, place)
        if lacks := sorted({*needs} - backend.can):
            what = f"its backend {backend.name} has no {', '.join(lacks)}"
            raise RunError.at(str(run.path), what, "name the Run that it was made from")
        if new := getattr(getattr(backend, "model", None), "new_weights", None):  # as random as at a training's start
            names = ", ".join(sorted({key.rpartition(".")[0] for key in new})[:3])
            what = f"has no weights of {names} for the labels in {run.task_file.name}"
            raise RunError.at(str(run.model), what, "copy the Run again, or train it again")
        return cls(task, _tokenizer(run, block), backend, recipe)

    def with_task(self, task: Task) -> Self:
        """The same model, whose rows are read and answered by another instance of its task."""
        other = copy.copy(self)
        other.task, other.collate, other._unfit = task, task.collator(self.tokenizer), False
        return other

    @overload
    def predict(
        self, rows: Any, *, as_frame: Literal[False] = ..., progress: Progress = ..., quiet: bool = ...
    ) -> list[Answer]: ...

    @overload
    def predict(self, rows: Any, *, as_frame: Literal[True], progress: Progress = ..., quiet: bool = ...) -> Any: ...

    def predict(
        self, rows: Any, *, as_frame: bool = False, progress: Progress = iter, quiet: bool = False
    ) -> list[Answer] | Any:
        """One answer per row, in order. Warns of what the model does not see of the texts, unless `quiet`.

        Args:
            rows: a text, or any iterable of rows: texts, pairs of texts, or dicts with the task's columns; a DataFrame,
                Series or Dataset; or a dict of one row or of columns (data/memory.py).
            as_frame: return a pandas DataFrame, with the columns that `bertkit predict` adds to a file, and the index
                of `rows` if that is a DataFrame or Series.

        Raises:
            DataError: something else, or a row without a column that the task needs.
        """
        prepared = self.prepare(rows)
        if not quiet and not self._unfit:  # once, where a program predicts again and again
            self._unfit = self._warn(prepared.seen)
        answers = self.answer(prepared, progress=progress)
        return self._frame(answers, rows) if as_frame else answers

    def _frame(self, answers: list[Answer], rows: Any) -> Any:
        """Answers as a DataFrame."""
        import pandas as pd

        index = rows.index if isinstance(rows, pd.DataFrame | pd.Series) and len(rows.index) == len(answers) else None
        return pd.DataFrame([AnswerColumns().of(self.task, answer) for answer in answers], index=index)

    def prepare(self, rows: Any, *, before: Rows = (), after: Rows = ()) -> Prepared:
        """Rows as the model reads them: the part of `predict` that needs no model.

        Args:
            rows: see `predict`.
            before, after: rows around them, for a task whose examples take tokens of these (`Codec.margin`).

        Raises:
            DataError, ModelError: as `predict`.
        """
        columns = self.task.columns
        rows = [as_row(number, row, columns) for number, row in enumerate(rows_of(rows, columns), 1)]
        if not rows:
            return Prepared([], Encoded([]), Seen())
        for column in self.task.columns:
            if len({column.name in row for row in rows}) > 1 and not column.answer:
                what = f"some rows have {column.name} and some do not"
                raise DataError.at("rows", what, "give it to all rows or to none")
        encoded = self.task.encode(rows, self.tokenizer, self.limit, answers=False)
        self._check_ids(encoded.examples)
        seen = Seen.of(self.task, rows, encoded, self.tokenizer)
        if before or after:
            around = self.task.encode([*before, *rows, *after], self.tokenizer, self.limit, answers=False)
            own = range(len(before), len(before) + len(rows))
            examples = [{**one, "row": one["row"] - len(before)} for one in around.examples if one["row"] in own]
            encoded = replace(encoded, examples=examples)
        return Prepared(rows, encoded, seen)

    def answer(self, prepared: Prepared, *, progress: Progress = iter) -> list[Answer]:
        """One answer per row of `prepare`."""
        if not prepared.rows:
            return []
        outputs, _ = self.compute(self.backend, prepared.encoded.examples, self.collate, progress=progress)
        return self.task.decode(outputs, prepared.encoded, prepared.rows)

    def _check_ids(self, examples: Examples) -> None:
        """Raise a ModelError where the tokenizer is not the model's, before the first batch."""
        if model := getattr(self.backend, "model", None):
            check_ids(model, highest_of(examples))

    def score(self, name: str, rows: Rows, metrics: Sequence[Metric], *, progress: Progress = iter) -> Scores:
        """Score rows that have answers, with confidence intervals; warns of what `encode` and sanity checks find."""
        self.task.check(rows, name)
        split = Split(name, rows, encode(self.task, rows, self.tokenizer, self.limit))
        self._check_ids(split.encoded.examples)
        self._warn(Seen.of(self.task, rows, split.encoded, self.tokenizer), name)
        scores = score(self.task, self.backend, split, self.collate, metrics, intervals=True, progress=progress)
        for warning in sanity_checks(self.task, scores.answers, rows):
            warn(warning, name)
        return scores

    def evaluate(self, rows: Any, *, progress: Progress = iter) -> Scores:
        """Score rows that have answers by the recipe's metrics, else the task's, with confidence intervals.

        Args:
            rows: as for `predict`, with the answer columns too. Columns have the names in `data.columns` of the recipe,
                or the task's own.

        Raises:
            DataError: rows that can not be used, or labels that the model does not know.
        """
        from bertkit.metrics import find_metric

        table = table_of(rows, self.task.columns, self.recipe.data)
        metrics = [find_metric(name, self.task.takes) for name in self.recipe.metrics or self.task.metrics]
        return self.score("rows", table, metrics, progress=progress)

    def _warn(self, seen: Seen, name: str = "") -> bool:
        """Warn of what the model does not see of the texts; returns whether there is any."""
        for warning in (found := seen.warnings(self.task)):
            warn(warning, name)
        return bool(found)


def _check_graph(run: Run, task: Task, options: TaskOptions) -> None:
    """Raise a RecipeError for other options than an exported graph has in it."""
    for name in task.head.graph_options if run.backend != "torch" else ():
        if getattr(options, name) != getattr(task.options, name):
            what = f"{getattr(options, name)}: an exported model has the {name} that it was exported with"
            raise RecipeError.at(f"options.{name}", what, "name the Run that it was exported from")


def _tokenizer(run: Run, block: ModelBlock) -> Any:
    """The tokenizer of a Run; by transformers alone, where no hash says that its files are as they were written."""
    load = partial(load_tokenizer, block)
    return open_tokenizer(run.model, load) if run.is_sealed else load()
