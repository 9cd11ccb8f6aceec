"""Panel Understand: `bertkit speed`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands.shared import console
from bertkit.errors import DataError, Parameter

BATCHES, LENGTHS = "1,8,32", "16,64,256"


def speed(
    models: Annotated[list[str], typer.Argument(metavar="RUN|CHECKPOINT...", help="Runs, exported ones, checkpoints.")],
    batch_sizes: Annotated[str, typer.Option("--batch-sizes", metavar="N,...", help="Rows per call.")] = BATCHES,
    lengths: Annotated[
        str | None,
        typer.Option(
            "--lengths", metavar="N,...", help="Tokens per row.", show_default=f"{LENGTHS}, as far as models go"
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="S", help="Time per model, batch size and length.")
    ] = 1.0,
    device: Annotated[
        str, typer.Option(metavar="NAME", help="cpu, cuda:0, or all: the processor and the first GPU.")
    ] = "all",
    precision: console.Precision = "float32",
    task: Annotated[str | None, typer.Option(metavar="TASK", help="Task of checkpoints that do not tell it.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File for the figures: .json.")] = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Measure how fast models answer, by rows per call and length of the rows.

    bertkit speed runs/mine

    bertkit speed runs/mine runs/mine-int8 --batch-sizes 1,32 --lengths 64

    Models take turns, call by call. Times include tokenizing and decoding.
    """
    sizes = numbers(batch_sizes, "batch_sizes")
    wanted = None if lengths is None else numbers(lengths, "lengths")
    if not 0 < seconds <= 3600:
        raise DataError.at(Parameter("seconds"), f"{seconds:g}: expected a time, above 0", "for example 1")
    from bertkit.fs import check_output, write_json

    check_output(output, endings=(".json",), inputs=[])
    from bertkit.understand.speed.record import HEADER, record, table
    from bertkit.understand.speed.run import SpeedOptions
    from bertkit.understand.speed.run import speed as work

    options = SpeedOptions(sizes, wanted, seconds, device, precision, task)
    found = record(work(models, options, trust_code=trust_code, progress=console.progress("measuring")))
    if output is not None:  # first, because `| head` closes standard output early
        write_json(output, found)
    for note in found["notes"]:
        console.say(note)
    console.table(HEADER, table(found))
    if output is not None:
        console.say(f"written: {output}")


def numbers(text: str, option: str) -> list[int]:
    """Whole numbers above 0 with commas between them.

    Raises:
        DataError: something else, or one of them twice.
    """
    found: list[int] = []
    for part in text.split(","):
        number = int(part) if part.strip().isdecimal() else 0
        if not number:
            what = f"{part.strip() or text!r}: expected whole numbers above 0"
            raise DataError.at(Parameter(option), what, "for example 1,8,32")
        if number in found:
            raise DataError.at(Parameter(option), f"{number}: named twice", "name it once")
        found.append(number)
    return found
