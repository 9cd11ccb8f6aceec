"""Panel Evaluate: `bertkit report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands.shared import console


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A Run folder.", show_default=False)],
    data: Annotated[
        list[str] | None, typer.Option("--data", help="Rows to score.", show_default="those of the recipe")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="Split of the recipe to score: test, validation or train.", show_default="test, if named"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE.html", help="HTML file to write.", show_default="report.html in the Run"
        ),
    ] = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Score a Run again and write its report: metrics, errors, calibration, curves, recipe, in one HTML file.

    bertkit report runs/mine

    bertkit report runs/mine --data other.csv --output other.html

    Every training writes the same report when it ends.
    """
    from bertkit.fs import check_output
    from bertkit.inference.evaluate import score_rows
    from bertkit.inference.predictor import Predictor
    from bertkit.report.run import write
    from bertkit.run import Run
    from bertkit.warn import collect

    if output and output.is_dir():
        output = Run(output).report_file
    check_output(output)
    opened = Run.open(run, trust_code=trust_code)
    if output is None:
        opened.check_links()
    recipe = opened.recipe_with(console.only(sets, "data", "metrics", "seed"))
    predictor = Predictor.open(opened)
    progress = console.progress("scoring")
    with collect() as warnings:
        name, rows, scores = score_rows(predictor, recipe, data=data or (), split=split, progress=progress)
    file = write(opened, predictor.task, {name: scores}, {name: rows}, output, warnings=warnings)
    console.scores({name: dict(scores.figures)}, {name: scores.intervals})
    console.say(f"report: {file}")
