"""Shared by commands that answer the rows of a file: options, checks, and how rows are answered and written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit import processes
from bertkit.commands.shared import console
from bertkit.errors import DataError

if TYPE_CHECKING:
    from bertkit.commands.shared.predictor import Opened
    from bertkit.inference.ask import Answered
    from bertkit.inference.bulk.options import BulkOptions
    from bertkit.inference.bulk.ray_parts import Opener, RayParts

Source = Annotated[str | None, typer.Argument(metavar="INPUT", help="File, folder or glob; - reads standard input.")]
Columns = Annotated[
    str | None, typer.Option(metavar="A,B", help="Columns of INPUT to keep.", show_default="all of them")
]
BadRowsMode = Annotated[
    str | None,
    typer.Option(
        "--bad-rows",
        metavar="keep|error|skip",
        help="Rows that can not be answered: keep them with a column error, stop, or leave them out.",
        show_default="data.bad_rows",
    ),
]
ShardRows = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Write a folder of files of N rows.", show_default="100,000 for a folder"),
]
Ray = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Answer on a Ray cluster: HOST:PORT, auto, or local to start one here."),
]


def names_of(columns: str | None) -> tuple[str, ...] | None:
    """The names in `A,B`; None: all columns."""
    return None if columns is None else tuple(name.strip() for name in columns.split(",") if name.strip())


def check_stdout(output: str | None) -> None:
    """Raise a DataError if answers are to be printed, and standard output is closed."""
    if output in (None, "-") and "stdout" in console.closed:
        raise DataError.at("standard output", "is closed", "name a file as --output")


def check_processes(source: str | None) -> None:
    """Raise a DataError for an input that only one process can read."""
    if not source or source == "-":
        raise DataError.at("--processes", "needs a file that all processes can read", "name one as INPUT")


def check_ray(source: str | None, output: str | None) -> None:
    """Raise a DataError for an input or an output that does not go with a cluster."""
    if not source or source == "-":
        raise DataError.at("--ray", "answers the rows of a file", "name one as INPUT")
    if output in (None, "-"):
        raise DataError.at("--ray", "writes a file or a folder", "name it as --output")


@contextlib.contextmanager
def cluster_of(address: str | None, model: str, opener: Opener, number: int) -> Iterator[RayParts | None]:
    """What answers the parts of a job on a cluster; None: this process does.

    Args:
        opener: see `RayParts`.
        number: of `--processes`.
    """
    if not address:
        yield None
        return
    from bertkit.engine.cluster import cluster
    from bertkit.inference.bulk.ray_parts import RayParts

    with cluster(address) as nodes:
        yield RayParts(nodes, model, opener, number if number > 1 else None)


def answer_file(opened: Opened, source: str, options: BulkOptions, elsewhere: RayParts | None) -> int:
    """Answer the rows of a file, and write or print them; returns how many the model answered now, and not in a call
    that was killed."""
    from bertkit.data.read.rows import count_left_out
    from bertkit.inference.bulk.output import predict_file

    if elsewhere is not None:
        elsewhere.cluster.check(["onnxruntime"] if opened.run and opened.run.backend == "onnx" else [])
    with count_left_out() as left_out:
        done = predict_file(
            opened.predictor,
            source,
            opened.block,
            options,
            run=opened.run,
            meter=console.meter,
            progress=console.progress("predicting"),
            printing=console.printing,
            elsewhere=elsewhere,
        )
    if processes.first() and (not options.is_printed or str(left_out)):
        place = "standard output" if options.is_printed else options.output
        console.say(f"{done.rows} rows{left_out}: {place}", err=True)
    return done.answered


def write_answers(answered: Answered, opened: Opened, options: BulkOptions) -> None:
    """Write the answers to texts."""
    from bertkit.inference import files
    from bertkit.inference.bulk.output import options_format

    format = options_format(options, opened.predictor.task, opened.block)
    conll = options.ending == ".conll"
    rows = files.add_answers(answered, opened.predictor.task, options.answer_columns, conll=conll)
    with console.printing() if options.is_printed else contextlib.nullcontext():
        files.write(rows, options.output or "-", format)
    if not options.is_printed:
        console.say(f"{len(rows)} rows: {options.output}", err=True)
