"""Predictor: a loaded Run. Rows in, answers out, by the same encode, model and decode that scored the training.

predictor = Predictor("runs/demo")
predictor.predict(["where is my parcel?"])                # [{"label": ..., "probabilities": {...}, ...}]
predictor.predict([("a premise", "its hypothesis")])      # pairs
predictor.predict([{"text": "...", "text_pair": "..."}])  # rows with the task's columns
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit import processes
from bertkit.engine.cache import encode
from bertkit.engine.run import Progress, Scores, Split, run, score
from bertkit.errors import DataError
from bertkit.models.build import length_limit, load_tokenizer
from bertkit.recipe.schema import ModelBlock, Recipe
from bertkit.run import Run
from bertkit.tasks.task import Answer, Rows, Task, make_task

if TYPE_CHECKING:
    from bertkit.metrics import Metric

log = logging.getLogger("bertkit")


class Predictor:
    """A Run's task, model and tokenizer, ready to answer.

    Args:
        source: a Run or its folder.
        device: as torch names it (`cpu`, `cuda:1`); default: a GPU for each process, else the processor.
        trust_code: whether code that the Run carries may be executed (see `Run.open`).

    Raises:
        RunError, ModelError: the folder is no finished Run, or its model can not be loaded.
    """

    def __init__(self, source: Run | str | Path, *, device: str | None = None, trust_code: bool = False):
        self.run = source if isinstance(source, Run) else Run.open(source, trust_code=trust_code)
        recipe = self.run.recipe
        block = ModelBlock(name=str(self.run.model), padding_free=recipe.model.padding_free)
        self._load(recipe, make_task(recipe, self.run.task_state), block, device)

    def _load(self, recipe: Recipe, task: Task, block: ModelBlock, device: str | None) -> None:
        import torch

        self.recipe, self.task = recipe, task
        self.tokenizer = load_tokenizer(block)
        card = f"cuda:{processes.place_on_machine()}" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(device or card)
        model: Any = task.build_model(block)
        self.model = model.to(self.device).eval()
        self.limit = length_limit(self.model, self.tokenizer)
        self.collate = self.task.collator(self.tokenizer)

    def predict(self, rows: Sequence[Any], *, progress: Progress = iter) -> list[Answer]:
        """One answer a row, in order. A row is a text, a pair of texts, or a dict with the task's columns."""
        rows = [self._row(row) for row in rows]
        if not rows:
            return []
        for column in self.task.columns:
            if len({column.name in row for row in rows}) > 1 and not column.answer:
                what = f"some rows have {column.name} and some do not"
                raise DataError.at("predict", what, "give it to all, or none")
        encoded = self.task.encode(rows, self.tokenizer, self.limit, answers=False)
        outputs, _ = run(self.task, self.model, encoded, self.collate, progress=progress)
        return self.task.decode(outputs, encoded, rows)

    def score(self, name: str, rows: Rows, metrics: Sequence[Metric], *, progress: Progress = iter) -> Scores:
        """Figures of rows that have answers, with their confidence intervals; what is doubtful of them is said."""
        self.task.check(rows, name)
        split = Split(name, rows, encode(self.task, rows, self.tokenizer, self.limit))
        scores = score(
            self.task, self.model, split, self.collate, metrics,
            intervals=True, progress=progress,
        )  # fmt: skip
        for doubt in self.sanity_checks(scores.answers, rows):
            log.warning("%s: %s", name, doubt)
        return scores

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        """Warnings that these answers to rows with answers deserve."""
        return self.task.sanity_checks(answers, rows)

    def _row(self, row: Any) -> dict[str, Any]:
        names = [column.name for column in self.task.columns if not column.answer]
        if isinstance(row, dict):
            missing = [c.name for c in self.task.columns if c.required and not c.answer and c.name not in row]
            if missing:
                raise DataError.at("predict", f"a row lacks {', '.join(missing)}", f"it needs {', '.join(names)}")
            texts = {c.name: row[c.name] for c in self.task.columns if c.kind == "text" and c.name in row}
            if wrong := [name for name, value in texts.items() if not isinstance(value, str)]:
                raise DataError.at(
                    "predict", f"{wrong[0]} is not a text: {texts[wrong[0]]!r:.60}", "str(...) makes one"
                )
            return row
        values = [row] if isinstance(row, str) else list(row) if isinstance(row, (list, tuple)) else []
        if any(column.kind == "words" for column in self.task.columns):  # a bare text is none of its words
            names = [column.name for column in self.task.columns if column.kind == "text"]
        least = sum(column.required and not column.answer for column in self.task.columns)
        if not least <= len(values) <= len(names) or not all(isinstance(value, str) for value in values):
            raise DataError.at("predict", f"{str(row)[:60]!r} is no row", f"a text, or texts for {', '.join(names)}")
        return dict(zip(names, values, strict=False))
