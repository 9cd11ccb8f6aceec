"""Panel Judge: `bertkit report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit.commands import console

if TYPE_CHECKING:
    pass


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
    from bertkit.inference.evaluate import score_rows
    from bertkit.inference.predictor import Predictor
    from bertkit.report.run import write
    from bertkit.run import Run, check_output

    if output and output.is_dir():
        output = Run(output).report_file
    check_output(output)
    opened = Run.open(run, trust_code=trust_code)
    recipe = opened.recipe_with(console.only(sets, "data", "metrics", "seed"))
    predictor = Predictor.open(opened)
    progress = console.progress("scoring")
    name, rows, scores = score_rows(predictor, recipe, data=data or (), split=split, progress=progress)
    file = write(opened, predictor.task, {name: scores}, {name: rows}, output)
    console.scores({name: dict(scores.figures)}, {name: scores.intervals})
    typer.echo(f"report: {file}")
