"""What an evaluation needs to know, checked before anything is read. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bertkit import hub
from bertkit.errors import Parameter, RecipeError

SQUAD_OPTIONS = ("no_answer_probabilities", "threshold", "allow_missing")


def is_prediction_file(path: str) -> bool:
    """Whether a path names a file of predictions rather than a model."""
    return Path(path).suffix in (".tsv", ".csv", ".jsonl", ".json") and not Path(path).is_dir()


@dataclass(frozen=True)
class EvalRequest:
    """A Run, a checkpoint or a file of predictions, and the rows to score it on.

    Args:
        model: a Run folder; or, with `on`, a checkpoint: a folder or hub name.
        predictions: a file of predictions, in place of `model`. It needs `on` or `task`.
        on: the recipe that reads the rows and names the metrics: one of bertkit's, or a YAML file.
        task: `squad`: predictions by question id, scored without a recipe.
        data: sources to score; default: those of the recipe.
        split: `test`, `validation` or `train` of the recipe, in place of `data`.
        labels: class names of a checkpoint's outputs, in order; default: by name.
        no_answer_probabilities, threshold, allow_missing: see `prediction_files.squad.score_files`.

    Raises:
        RecipeError: arguments that do not go together.
    """

    model: str | None = None
    predictions: Path | None = None
    on: str | None = None
    task: str | None = None
    data: tuple[str, ...] = ()
    split: str | None = None
    labels: tuple[str, ...] = ()
    no_answer_probabilities: Path | None = None
    threshold: float | None = None
    allow_missing: bool = False

    def __post_init__(self) -> None:
        if self.task and (self.on or self.model):
            what = "the recipe already names the task" if self.on else "a Run already has its task"
            raise RecipeError.at(Parameter("task"), what, "leave it out")
        if self.model and self.predictions:
            raise RecipeError.at(Parameter("predictions"), "given in place of a model", "leave one of them out")
        if self.model:
            self.reject_squad_options("a model is scored without it")
        elif not self.predictions and not self.task and not self.squad_options:
            raise RecipeError.at("model", "nothing to score", "name a Run, a checkpoint or a file of predictions")
        elif not self.on and not self.task:
            what = "needed to score predictions"
            raise RecipeError.at(Parameter("on"), what, "name a recipe: glue/rte, squad/v2 or a YAML file")
        if self.labels and not (self.model and self.on):
            what = "only for a checkpoint on a benchmark"
            raise RecipeError.at(Parameter("labels"), what, "leave it out, or name a checkpoint and a recipe")
        if self.task:
            self.check_squad()

    @property
    def kind(self) -> Literal["run", "checkpoint", "predictions"]:
        """What is scored."""
        from bertkit.run import Run

        if not self.model:
            return "predictions"
        is_run = self.model.startswith(hub.RUN) or Run(self.model).is_begun
        return "run" if not self.on or is_run else "checkpoint"

    @property
    def squad_options(self) -> list[str]:
        """Names of the options that are set of those that only predictions by question id have."""
        return [name for name in SQUAD_OPTIONS if getattr(self, name) is not None and getattr(self, name) is not False]

    def reject_squad_options(self, reason: str) -> None:
        """Raise a RecipeError where an option is set that only predictions by question id have."""
        if self.squad_options:
            name = Parameter(self.squad_options[0])
            raise RecipeError.at(name, f"only for SQuAD predictions by question id; {reason}", "leave it out")

    def check_squad(self) -> None:
        """Raise a RecipeError where predictions by question id can not be scored."""
        if self.split:
            what = "predictions by question id are scored on files, not on a split"
            raise RecipeError.at(Parameter("split"), what, Parameter("data"))
        for name, todo in (
            ("predictions", "name the file of predictions: predictions.json"),
            ("data", "name the SQuAD file with the right answers: dev-v2.0.json"),
        ):
            if not getattr(self, name):
                raise RecipeError.at(Parameter(name), "needed to score predictions by question id", todo)
