"""`bertkit eval`: a Run scored on rows with answers, its own or another file's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.errors import RecipeError, did_you_mean
from bertkit.inference.predictor import Predictor
from bertkit.metrics import find_metric
from bertkit.recipe.schema import Recipe
from bertkit.tasks.scoring import Progress

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

    Raises:
        BertkitError: rows that can not be read, or hold labels that the Run does not know.
    """
    if data and split:
        raise RecipeError.at("--split", "does not go with --data", "name one of them")
    if split and split not in SPLITS:
        raise RecipeError.at("--split", f"no such split: {split}", did_you_mean(split, SPLITS))
    task, block = predictor.task, recipe.data
    metrics = [find_metric(reference, task.takes) for reference in recipe.metrics]
    for metric in metrics:
        task.fits(metric)
    name = split or ("test" if block.test or data else "validation")
    if data:  # in the place of the recipe's, and all of it
        update = {"test": list(data), "limit": block.limit.model_copy(update={"test": None})}
        recipe = recipe.model_copy(update={"data": block.model_copy(update=update)})
    found = task.read(recipe, [name])
    if name not in found:
        raise RecipeError.at(f"data.{name}", "the Run's recipe names no such data", "bertkit eval RUN --data FILE")
    rows = found[name]
    name = ", ".join(data) or name
    scores = predictor.score(name, rows, metrics, progress=progress)
    result = {"data": name, "rows": len(rows), "figures": scores.figures, "intervals": scores.intervals}
    return {**result, "files": task.files(scores.answers, rows)}
