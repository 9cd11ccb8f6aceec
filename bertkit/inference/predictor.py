"""Predictor: rows in, answers out, by the same encode, model and decode that scored the training.

predictor = Predictor.open("runs/demo")
predictor.predict(["where is my parcel?"])                # [{"label": ..., "probabilities": {...}, ...}]
predictor.predict([("a premise", "its hypothesis")])      # pairs
predictor.predict([{"text": "...", "text_pair": "..."}])  # rows with the task's columns
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from bertkit import processes
from bertkit.engine.cache import encode
from bertkit.engine.run import Progress, run
from bertkit.errors import DataError, RunError
from bertkit.inference.score import Scores, Split, score
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock, Recipe
from bertkit.run import Run
from bertkit.tasks.task import Answer, Rows, Task, make_task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.engine.backends.backend import Backend
    from bertkit.engine.backends.torch import TorchBackend
    from bertkit.metrics import Metric

log = logging.getLogger("bertkit")


class Predictor:
    """A task, a tokenizer and a backend, ready to answer. `Predictor.open` makes one from a Run.

    Args:
        recipe: how the task's rows are read, and by which metrics they are scored.
    """

    def __new__(cls, *parts: Any, **_: Any) -> Self:
        if parts and isinstance(parts[0], (str, Path, Run)):
            path = parts[0].path if isinstance(parts[0], Run) else parts[0]
            raise RunError.at(str(path), "a Predictor of a Run is opened", f"Predictor.open({str(path)!r})")
        return super().__new__(cls)

    def __init__(self, task: Task, tokenizer: PreTrainedTokenizerBase, backend: Backend, recipe: Recipe):
        self.task, self.tokenizer, self.backend, self.recipe = task, tokenizer, backend, recipe
        self.limit = int(min(backend.max_tokens, tokenizer.model_max_length))
        self.collate = task.collator(tokenizer)

    @classmethod
    def open(cls, source: Run | str | Path, *, device: str | None = None, trust_code: bool = False) -> Predictor:
        """The predictor of a Run.

        Args:
            source: a Run or its folder.
            device: as torch names it (`cpu`, `cuda:1`); default: one GPU per process, else the CPU.
            trust_code: whether custom code in the Run may be executed (see `Run.open`).

        Raises:
            RunError: the folder is not a finished Run, its code is not trusted, its model is damaged, or there is no
                backend for it.
            ModelError: its model can not be loaded.
        """
        run = source if isinstance(source, Run) else Run.open(source, trust_code=trust_code)
        if run.backend not in BACKENDS:
            what = f"its model needs the backend {run.backend}, which this version of bertkit does not have"
            raise RunError.at(str(run.path), what, f"upgrade bertkit; it has {', '.join(BACKENDS)}")
        run.check_content()
        recipe = run.recipe
        task = make_task(recipe, run.task_state)
        block = ModelBlock(name=str(run.model), padding_free=recipe.model.padding_free)
        return cls(task, load_tokenizer(block), BACKENDS[run.backend](task, block, device), recipe)

    def predict(self, rows: Sequence[Any], *, progress: Progress = iter) -> list[Answer]:
        """One answer per row, in order. A row is a text, a pair of texts, or a dict with the task's columns."""
        rows = [self._row(number, row) for number, row in enumerate(rows, 1)]
        if not rows:
            return []
        for column in self.task.columns:
            if len({column.name in row for row in rows}) > 1 and not column.answer:
                what = f"some rows have {column.name} and some do not"
                raise DataError.at("rows", what, "give it to all rows or to none")
        encoded = self.task.encode(rows, self.tokenizer, self.limit, answers=False)
        outputs, _ = run(self.backend, encoded.examples, self.collate, progress=progress)
        return self.task.decode(outputs, encoded, rows)

    def score(self, name: str, rows: Rows, metrics: Sequence[Metric], *, progress: Progress = iter) -> Scores:
        """Score rows that have answers, with confidence intervals; failed sanity checks are logged."""
        self.task.check(rows, name)
        split = Split(name, rows, encode(self.task, rows, self.tokenizer, self.limit))
        scores = score(self.task, self.backend, split, self.collate, metrics, intervals=True, progress=progress)
        for warning in self.task.sanity_checks(scores.answers, rows):
            log.warning("%s: %s", name, warning)
        return scores

    def _row(self, number: int, row: Any) -> dict[str, Any]:
        """A row as a dict with the task's columns. `number` counts from 1."""
        place = f"row {number}"
        names = [column.name for column in self.task.columns if not column.answer]
        if isinstance(row, dict):
            missing = [c.name for c in self.task.columns if c.required and not c.answer and c.name not in row]
            if missing:
                raise DataError.at(place, f"no {', '.join(missing)}", f"expected columns: {', '.join(names)}")
            texts = {c.name: row[c.name] for c in self.task.columns if c.kind == "text" and c.name in row}
            if wrong := [name for name, value in texts.items() if not isinstance(value, str)]:
                what = f"{wrong[0]} is not a text: {texts[wrong[0]]!r:.60}"
                raise DataError.at(place, what, "convert it with str(...)")
            return row
        values = [row] if isinstance(row, str) else list(row) if isinstance(row, (list, tuple)) else []
        if any(column.kind == "words" for column in self.task.columns):  # a plain text is not a list of words
            names = [column.name for column in self.task.columns if column.kind == "text"]
        least = sum(column.required and not column.answer for column in self.task.columns)
        if not least <= len(values) <= len(names) or not all(isinstance(value, str) for value in values):
            what = f"not a row of this task: {str(row)[:60]!r}"
            raise DataError.at(place, what, f"give a dict, or one text each for {', '.join(names)}")
        return dict(zip(names, values, strict=False))


def torch_backend(task: Task, block: ModelBlock, device: str | None = None) -> TorchBackend:
    """A task's model, loaded on the device (see `Predictor.open`)."""
    import torch

    from bertkit.engine.backends.torch import TorchBackend, open_model

    card = f"cuda:{processes.local_rank()}" if torch.cuda.is_available() else "cpu"
    model: Any = open_model(task.head, block)
    return TorchBackend(model.to(torch.device(device or card)).eval(), task.head)


BACKENDS: dict[str, Callable[[Task, ModelBlock, str | None], Backend]] = {"torch": torch_backend}
"""Name in `run.json` -> function that opens a task's model."""
