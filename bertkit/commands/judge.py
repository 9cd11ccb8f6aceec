"""Panel Judge: `bertkit eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit import processes
from bertkit.commands import console


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A Run folder.")],
    data: Annotated[
        list[str] | None, typer.Option("--data", help="Rows to score. Default: those of the recipe.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Of the recipe: test, validation or train.", show_default="test, if named")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the figures as JSON.")] = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
) -> None:
    """Score a Run on rows with answers, with confidence intervals.

    bertkit eval runs/mine --data other.csv -s data.columns.text=message
    """
    if number > 1:
        given = [*console.options("--data", data), *console.options("--set", sets)]
        given += [*(["--split", split] if split else []), *(["--output", output] if output else [])]
        console.elsewhere(number, ["eval", run, *given, *(["--trust-code"] if trust_code else [])])
    from bertkit.inference.evaluate import evaluate as work
    from bertkit.inference.predictor import Predictor
    from bertkit.run import Run, check_output, write_json

    check_output(output)
    processes.join()
    opened = Run.open(run, trust_code=trust_code)
    recipe = opened.recipe_with(console.only(sets, "data", "metrics", "seed"))
    result = work(Predictor(opened), recipe, data=data or (), split=split, progress=console.progress("scoring"))
    if not processes.first():
        return
    console.scores({result["data"]: result["figures"]}, {result["data"]: result["intervals"]})
    typer.echo(f"rows: {result['rows']}")
    if output:
        write_json(output, {"run": str(run), **result})
