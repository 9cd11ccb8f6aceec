"""Score Runs and checkpoints on rows that have answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bertkit.data.held import GONE, lost
from bertkit.data.read.rows import count_left_out
from bertkit.engine.backends.backend import Precision
from bertkit.engine.run import Progress
from bertkit.errors import DataError, Parameter, RecipeError, did_you_mean
from bertkit.inference.checkpoint import Checkpoint
from bertkit.inference.predictor import Predictor
from bertkit.inference.reference import recomputed
from bertkit.inference.score import Scores
from bertkit.metrics import find_metric
from bertkit.recipe.schema import Recipe
from bertkit.run import Run
from bertkit.tasks.task import Rows, Task
from bertkit.warn import collect

SPLITS = ("test", "validation", "train")


@dataclass(frozen=True)
class EvalSet:
    """Rows to score, as the recipe reads them and by its metrics."""

    recipe: Recipe
    splits: Mapping[str | None, str]
    """Splits of the recipe -> the name of each in the results; an empty name: the split's own. None: `data`, else the
    test rows, else the validation rows."""
    data: tuple[str, ...] = ()
    """Sources to read in place of the recipe's."""
    order: tuple[str, ...] = ()
    """The labels in the data set's own order, where it is known."""


Result = dict[str, Any]
"""`{"data", "rows", "figures", "intervals", "files", "warnings"}`: name and number of the rows (where some are left
out, also `rows_dropped`, `rows_skipped` or `rows_not_drawn`), figures and their 95% confidence intervals by name, the
task's own files of predictions by name, and warnings (`warn.Warned`); `errors` where the task knows kinds of errors
(`Task.error_kinds`), `reference` where it was asked for (see `recomputed`)."""


def evaluate_run(
    run: Run,
    rows: EvalSet,
    *,
    precision: Precision = "float32",
    reference: bool = False,
    progress: Progress = iter,
) -> dict[str, Result]:
    """Results of a Run by name of the rows.

    Raises:
        BertkitError: a recipe of another task, rows that can not be read, or labels that the Run does not know.
    """
    if rows.recipe.task != (task := run.recipe.task):
        what = f"a recipe of the task {rows.recipe.task}, but the Run is {task}"
        raise RecipeError.at(Parameter("on"), what, f"name one of the task {task}")
    return evaluate(Predictor.open(run, precision=precision), rows, reference=reference, progress=progress)


def evaluate_checkpoint(
    model: str,
    rows: EvalSet,
    *,
    labels: Sequence[str] = (),
    precision: Precision = "float32",
    reference: bool = False,
    progress: Progress = iter,
) -> dict[str, Result]:
    """Results of a checkpoint by name of the rows.

    Args:
        model, labels, precision: see `Checkpoint.adopt`.

    Raises:
        BertkitError: no such model, one of another task, or rows that can not be read or do not fit its labels.
    """
    predictor = Checkpoint.adopt(model, rows.recipe, labels=labels, order=rows.order, precision=precision)
    return evaluate(predictor, rows, reference=reference, progress=progress)


def evaluate(
    predictor: Predictor, rows: EvalSet, *, reference: bool = False, progress: Progress = iter
) -> dict[str, Result]:
    """Results of a predictor by name of the rows.

    Args:
        reference: also compute the figures by the libraries that the metrics name.

    Raises:
        BertkitError: rows that can not be read, or hold labels that the predictor does not know.
    """
    results: dict[str, Result] = {}
    for split, title in rows.splits.items():
        with collect() as warnings, count_left_out() as left_out:
            name, read, scores = score_rows(predictor, rows.recipe, data=rows.data, split=split, progress=progress)
        result: Result = {"data": title or name, "rows": len(read), **left_out.as_dict(), "figures": scores.figures}
        result |= {"intervals": scores.intervals, "files": predictor.task.files(scores.answers, read)}
        result["warnings"] = warnings
        if errors := predictor.task.error_kinds(scores.answers, read):
            result["errors"] = errors
        if reference:
            metrics = [find_metric(name, predictor.task.takes) for name in rows.recipe.metrics]
            metrics += predictor.task.own_metrics()
            result["reference"] = recomputed(predictor.task, scores.answers, read, metrics)
        results[title or name] = result
    return results


def score_rows(
    predictor: Predictor,
    recipe: Recipe,
    *,
    data: Sequence[str] = (),
    split: str | None = None,
    progress: Progress = iter,
) -> tuple[str, Rows, Scores]:
    """The name of the rows that `read_rows` reads, the rows and their scores."""
    task = predictor.task
    metrics = [find_metric(reference, task.takes) for reference in recipe.metrics]
    for metric in metrics:
        task.check_metric(metric)
    name, rows = read_rows(task, recipe, data=data, split=split)
    name = ", ".join(data) or name
    return name, rows, predictor.score(name, rows, metrics, progress=progress)


def read_rows(task: Task, recipe: Recipe, *, data: Sequence[str] = (), split: str | None = None) -> tuple[str, Rows]:
    """The rows of `data`, read as the recipe's test rows, or those of a split of it, with the split's name.

    Args:
        split: `test`, `validation` or `train`; default: test where the recipe names test data, else validation.

    Raises:
        BertkitError: no such split, or rows that can not be read.
    """
    if data and split:
        raise RecipeError.at(Parameter("split"), "the data is named already", "leave it out")
    if split and split not in SPLITS:
        raise RecipeError.at(Parameter("split"), f"no such split: {split}", did_you_mean(split, SPLITS))
    block = recipe.data
    name = split or ("test" if block.test or data else "validation")
    if not data and {name, *({"train"} if name == "validation" and not block.validation else ())} & {*lost(block)}:
        raise DataError.at(f"data.{name}", GONE, Parameter("data"))
    if data:
        recipe = recipe.model_copy(update={"data": block.model_copy(update={"test": list(data)})})
    splits = task.read(recipe, [name])
    if name not in splits:
        raise RecipeError.at(f"data.{name}", "the recipe names no such data", Parameter("data"))
    return name, splits[name]
