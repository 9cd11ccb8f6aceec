"""Panel Use: `bertkit export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands.shared import console


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished Run.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder for the exported Run.")],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="Format: onnx, or static: a table.")] = "onnx",
    int8: Annotated[bool, typer.Option("--int8", help="Weights in int8; a drop of the score is bounded.")] = False,
    max_drop: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="POINTS",
            help="Points of the first metric that it may cost.",
            show_default="0.5; static: any",
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="Rows with answers, in place of the Run's validation and test rows."),
    ] = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Make a Run that predicts faster on a processor: a graph for ONNX Runtime, proven to score the same.

    bertkit export runs/mine --int8 --output runs/mine-int8

    bertkit predict runs/mine-int8 --text "where is my parcel?"

    Vectors of texts from a table of the tokens' vectors, far less work, at a loss that is measured:

    bertkit export runs/vectors --to static --output runs/vectors-static

    The new Run works in predict, eval, compare, report, serve and push like the old one. Its outputs, scores, size and
    speed are compared with the old one's, and shown in a table. If the score drops too much, nothing is written.
    """
    from bertkit.report.export import notes, table
    from bertkit.run import Run
    from bertkit.shrink.export import ExportRequest, check_format
    from bertkit.shrink.export import export as work

    check_format(to)
    opened = Run.open(run, trust_code=trust_code)

    bar = console.progress("scoring")
    done = work(ExportRequest(opened, output, to=to, int8=int8, max_drop=max_drop, data=data or (), progress=bar))
    proof = done.metrics["export"]
    console.table(*table(proof))
    for note in notes(proof):
        console.say(note)
    console.say(f"Run: {output}")
