"""Panel Prepare: `bertkit data check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands.shared import console

app = typer.Typer(no_args_is_help=True, help="Check data before training.")


@app.callback()
def _group() -> None:
    """Makes `check` a subcommand although it is the only one."""


@app.command()
def check(
    file: Annotated[list[str], typer.Argument(metavar="FILE", help="File, folder, glob or hub:NAME#SPLIT.")],
    task: Annotated[str, typer.Option(help="Task to check the rows for.")] = "classify",
    validation: Annotated[
        list[str] | None, typer.Option(help="Validation rows: also check overlap and unseen labels.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Recipe with the columns and options to use.", show_default="that of the task")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report as JSON to this file.")
    ] = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Report label counts, lengths, duplicates, conflicting labels and encoding errors of a data set.

    bertkit data check mine.csv --task classify -s data.columns.label=category
    """
    from bertkit.fs import check_output, write_json
    from bertkit.training.data_check import check_data

    check_output(output)
    report = check_data(file, validation or (), task=task, recipe=recipe, sets=sets or ())
    for line in report.lines():
        console.say(line)
    if output:
        write_json(output, report.as_dict())
