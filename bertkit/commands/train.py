"""Panel Train: `bertkit train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit import processes
from bertkit.commands import console


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help="A YAML file, or a name of bertkit recipe list; with --resume, a Run folder too.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The Run folder.", show_default="runs/<recipe>-<time>")
    ] = None,
    sets: console.Set = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the Run from its last checkpoint, or begin it.")
    ] = False,
    number: console.Processes = 1,
) -> None:
    """Train a recipe: leaves a Run folder with model, scores, log and model card.

    bertkit train classify -s data.train=mine.csv -s model.name=bert-base-uncased

    Ctrl-C finishes the step, saves, and exits with code 75; --resume goes on exactly there.
    """
    from bertkit.run import default_folder
    from bertkit.training.train import train as work

    if number > 1:
        again = ["--resume"] if resume else []
        place = [] if output is None and resume else ["--output", output or default_folder(recipe)]
        console.elsewhere(number, ["train", recipe, *place, *console.options("--set", sets), *again])
    run = work(recipe, output=output, sets=sets or (), resume=resume)
    if not processes.first():
        return
    metrics = run.metrics
    console.scores({name: metrics[name] for name in ("validation", "test") if name in metrics}, metrics["intervals"])
    typer.echo(f"Run: {run.path}")
