"""Panel Use: `bertkit export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands.shared import console
from bertkit.errors import Parameter, RunError

FORMATS = ("onnx",)


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished Run.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder for the exported Run.")],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="Format: onnx.")] = "onnx",
    int8: Annotated[bool, typer.Option("--int8", help="Weights in int8; a drop of the score is bounded.")] = False,
    max_drop: Annotated[
        float,
        typer.Option("--max-drop", min=0, metavar="POINTS", help="Points of the first metric that it may cost."),
    ] = 0.5,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="Rows with answers, in place of the Run's validation and test rows."),
    ] = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Export a Run to ONNX for fast prediction on a processor, and prove that it scores the same.

    bertkit export runs/mine --int8 --output runs/mine-int8

    bertkit predict runs/mine-int8 --text "where is my parcel?"

    The new Run works in predict, eval, compare, bench, report and push like the old one. Its outputs, scores, size and
    speed are compared with the old one's, and shown in a table. If the score drops too much, nothing is written.
    """
    if to not in FORMATS:
        raise RunError.at(Parameter("to"), f"no such format: {to}", f"known: {', '.join(FORMATS)}")
    from bertkit.run import Run

    opened = Run.open(run, trust_code=trust_code)
    from bertkit.report.export import notes, table
    from bertkit.shrink.export import ExportRequest
    from bertkit.shrink.export import export as work

    bar = console.progress("scoring")
    done = work(ExportRequest(opened, output, int8=int8, max_drop=max_drop, data=data or (), progress=bar))
    proof = done.metrics["export"]
    console.table(*table(proof))
    for note in notes(proof):
        console.say(note)
    console.say(f"Run: {output}")
