"""`bertkit eval`: a Run scored on rows with answers, its own or another file's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.engine.run import Progress
from bertkit.errors import RecipeError, did_you_mean
from bertkit.inference.predictor import Predictor
from bertkit.inference.score import Scores
from bertkit.metrics import find_metric
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import Rows, Task

SPLITS = ("test", "validation", "train")


def evaluate(
    predictor: Predictor,
    recipe: Recipe,
    *,
    data: Sequence[str] = (),
    split: str | None = None,
    progress: Progress = iter,
) -> dict[str, Any]:
    """Score a Run.

    Args:
        predictor: the loaded Run.
        recipe: how to read the rows, and the metrics; the Run's own, or that with `--set`.
        data: sources to score; default: a split of the recipe.
        split: `test`, `validation` or `train`; default: test where the recipe names test data, else validation.

    Returns:
        `{"data", "rows", "figures": {...}, "intervals": {...}, "files": {...}}`; the last are the task's own, by name.
        Where the task knows kinds of errors, also `"errors"` (`Task.error_kinds`).

    Raises:
        BertkitError: rows that can not be read, or hold labels that the Run does not know.
    """
    name, rows, scores = score_rows(predictor, recipe, data=data, split=split, progress=progress)
    result = {"data": name, "rows": len(rows), "figures": scores.figures, "intervals": scores.intervals}
    if errors := predictor.task.error_kinds(scores.answers, rows):
        result["errors"] = errors
    return {**result, "files": predictor.task.files(scores.answers, rows)}


def score_rows(
    predictor: Predictor,
    recipe: Recipe,
    *,
    data: Sequence[str] = (),
    split: str | None = None,
    progress: Progress = iter,
) -> tuple[str, Rows, Scores]:
    """What the rows that `read_rows` finds are called, these rows, and what they scored."""
    task = predictor.task
    metrics = [find_metric(reference, task.takes) for reference in recipe.metrics]
    for metric in metrics:
        task.check_metric(metric)
    name, rows = read_rows(task, recipe, data=data, split=split)
    name = ", ".join(data) or name
    return name, rows, predictor.score(name, rows, metrics, progress=progress)


def read_rows(task: Task, recipe: Recipe, *, data: Sequence[str] = (), split: str | None = None) -> tuple[str, Rows]:
    """The rows of `data`, all of them, or of a split of the recipe, with the split's name (that of `data`: test).

    Raises:
        BertkitError: no such split, or rows that can not be read.
    """
    if data and split:
        raise RecipeError.at("--split", "does not go with --data", "name one of them")
    if split and split not in SPLITS:
        raise RecipeError.at("--split", f"no such split: {split}", did_you_mean(split, SPLITS))
    block = recipe.data
    name = split or ("test" if block.test or data else "validation")
    if data:
        update = {"test": list(data), "limit": block.limit.model_copy(update={"test": None})}
        recipe = recipe.model_copy(update={"data": block.model_copy(update=update)})
    found = task.read(recipe, [name])
    if name not in found:
        raise RecipeError.at(f"data.{name}", "the recipe names no such data", "--data FILE names it")
    return name, found[name]
