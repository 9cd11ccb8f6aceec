"""Panel Prepare: `bertkit data check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands.shared import completion, console
from bertkit.errors import DataError, Parameter

app = typer.Typer(no_args_is_help=True, help="Check data before training.")


@app.callback()
def _group() -> None:
    """Makes `check` a subcommand although it is the only one."""


@app.command()
def check(
    file: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]",
            help="Training rows: file, folder, glob or hub:NAME#SPLIT. Default: the data of --recipe.",
            show_default=False,
        ),
    ] = None,
    task: Annotated[
        str, typer.Option(help="Task to check the rows for.", autocompletion=completion.tasks)
    ] = "classify",
    validation: Annotated[
        list[str] | None, typer.Option(help="Validation rows.", show_default="a share of the training rows")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="Recipe with the columns and options to use.",
            show_default="that of the task",
            autocompletion=completion.recipes,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report as JSON to this file.")
    ] = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Check rows as a training would, up to its first step, and report what they hold.

    Ends with exit code 2 where a training would: with all errors at once. Reports label counts, lengths, duplicates,
    conflicting and odd labels, and encoding errors.

    bertkit data check mine.csv --task classify -s data.columns.label=category
    """
    from bertkit.fs import check_output, write_json
    from bertkit.training.data_check import check_data

    if not file and not recipe:
        raise DataError.at(Parameter("file"), "which rows?", "name a file, or a recipe with --recipe")
    check_output(output)
    report = check_data(file or (), validation or (), task=task, recipe=recipe, sets=sets or ())
    for line in report.lines():
        console.say(line)
    if report.problems:
        raise DataError(*report.problems)
    if output:
        write_json(output, report.as_dict())
