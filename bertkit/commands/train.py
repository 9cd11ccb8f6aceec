"""Panel Train: `bertkit train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands import console


def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="A YAML file, or a name that bertkit recipe list shows.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The Run folder.", show_default="runs/<recipe>-<time>")
    ] = None,
    sets: console.Set = None,
) -> None:
    """Train a recipe: leaves a Run folder with model, scores, log and model card.

    bertkit train classify -s data.train=mine.csv -s model.name=bert-base-uncased
    """
    from bertkit.training.train import first_process
    from bertkit.training.train import train as work

    run = work(recipe, output=output, sets=sets or ())
    if not first_process():
        return
    metrics = run.metrics
    console.scores({name: metrics[name] for name in ("validation", "test") if name in metrics}, metrics["intervals"])
    typer.echo(f"Run: {run.path}")
