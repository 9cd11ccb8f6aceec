"""Panel Understand: `bertkit report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit.commands import console
from bertkit.errors import RecipeError, did_you_mean

if TYPE_CHECKING:
    from bertkit.inference.predictor import Predictor
    from bertkit.recipe.schema import Recipe
    from bertkit.tasks.scoring import Scores
    from bertkit.tasks.task import Rows


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A Run folder.", show_default=False)],
    data: Annotated[
        list[str] | None, typer.Option("--data", help="Rows to score. Default: those of the recipe.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Of the recipe: test, validation or train.", show_default="test, if named")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="The page.", show_default="report.html in the Run"),
    ] = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Score a Run again and write its page: figures, mistakes, calibration, curves, recipe; one file, no network.

    bertkit report runs/mine

    bertkit report runs/mine --data other.csv -s data.columns.text=message --output other.html

    A training writes the same page when it ends.
    """
    from bertkit.inference.predictor import Predictor
    from bertkit.report.run_page import write
    from bertkit.run import Run, check_output

    if output and output.is_dir():
        output = output / "report.html"
    check_output(output)
    opened = Run.open(run, trust_code=trust_code)
    recipe = opened.recipe_with(console.only(sets, "data", "metrics", "seed"))
    predictor = Predictor(opened)
    name, scores, rows = _scored(predictor, recipe, data or (), split)
    file = write(opened, predictor.task, {name: scores}, {name: rows}, output)
    console.scores({name: dict(scores.figures)}, {name: scores.intervals})
    typer.echo(f"report: {file}")


def _scored(predictor: Predictor, recipe: Recipe, data: Sequence[str], split: str | None) -> tuple[str, Scores, Rows]:
    """The rows that `bertkit eval` would score, their name, and what they scored."""
    from bertkit.inference.evaluate import SPLITS
    from bertkit.metrics import find_metric

    if data and split:
        raise RecipeError.at("--split", "does not go with --data", "name one of them")
    if split and split not in SPLITS:
        raise RecipeError.at("--split", f"no such split: {split}", did_you_mean(split, SPLITS))
    task = predictor.task
    metrics = [find_metric(reference, task.takes) for reference in recipe.metrics]
    for metric in metrics:
        task.fits(metric)
    name = split or ("test" if recipe.data.test or data else "validation")
    if data:  # in the place of the recipe's, and all of it
        update = {"test": list(data), "limit": recipe.data.limit.model_copy(update={"test": None})}
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update=update)})
    found = task.read(recipe, [name])
    if name not in found:
        raise RecipeError.at(f"data.{name}", "the Run's recipe names no such data", "bertkit report RUN --data FILE")
    told = ", ".join(data) or name
    return told, predictor.score(told, found[name], metrics, progress=console.progress("scoring")), found[name]
