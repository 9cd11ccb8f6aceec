"""`bertkit eval`: a Run scored on rows with answers, its own or another file's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.data.dataset import load
from bertkit.data.splits import load_splits
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
    if data:
        name, rows = ", ".join(data), load(data, task.columns, block)
    else:
        name = split or ("test" if block.test else "validation")
        splits = load_splits(block, task.columns, recipe.seed, stratify_by=task.stratify_by, names=[name])
        if name not in splits:
            raise RecipeError.at(f"data.{name}", "the Run's recipe names no such data", "bertkit eval RUN --data FILE")
        rows = splits[name]
    scores = predictor.score(name, rows, metrics, progress=progress)
    found = {"data": name, "rows": len(rows), "figures": scores.figures, "intervals": scores.intervals}
    return {**found, "files": task.files(scores.answers, rows)}
