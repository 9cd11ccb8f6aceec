"""Panel Train: `bertkit train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit import processes
from bertkit.commands.shared import completion, console
from bertkit.commands.shared import energy as shared_energy


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help="A YAML file or a name from bertkit recipe list; with --resume also a Run folder.",
            autocompletion=completion.recipes,
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the new Run.", show_default="runs/<recipe>-<time>")
    ] = None,
    sets: console.Set = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the Run from its last checkpoint; start it if there is none.")
    ] = False,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
    energy: shared_energy.Energy = False,
    country: shared_energy.Country = None,
) -> None:
    """Train a recipe and save a Run: a folder with the model, its scores, a log and a model card.

    bertkit train classify -s data.train=mine.csv -s model.name=bert-base-uncased

    Bare recipes, one for each task: classify, regress, ner, squad, choice, embed, rerank, pretrain.

    Ctrl-C finishes the current step, saves a checkpoint and exits with code 75. --resume continues from exactly there.
    """
    from bertkit.report.energy import energy_of
    from bertkit.report.energy import lines as energy_lines
    from bertkit.training.train import train as work
    from bertkit.warn import lines

    request = shared_energy.request_of(energy, country)
    if number > 1:
        options = console.options(output=output, set=sets, resume=resume, trust_code=trust_code)
        options += console.options(energy=energy, country=country)
        console.launch(number, ["train", recipe, *options])
    with shared_energy.asking(request):
        run = work(recipe, output=output, sets=sets or (), resume=resume)
    if not processes.first():
        return
    metrics = run.metrics
    console.scores(
        {name: metrics[name] for name in ("validation", "test") if name in metrics}, metrics.get("intervals", {})
    )
    for line in energy_lines(measured) if (measured := energy_of(metrics)) else ():
        console.say(line)
    for line in lines(run.warnings):  # most were logged long ago
        console.say(f"warning: {line}")
    console.say(f"Run: {run.path}")
