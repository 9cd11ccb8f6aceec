"""Panel Prepare: `bertkit data check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands import console

app = typer.Typer(no_args_is_help=True, help="Look at data before it costs an hour.")


@app.callback()
def _group() -> None:
    """Keeps `check` a command of its own while it is the only one."""


@app.command()
def check(
    file: Annotated[list[str], typer.Argument(metavar="FILE", help="File, folder, glob or hub:NAME#SPLIT.")],
    task: Annotated[str, typer.Option(help="The task that the rows are for.")] = "classify",
    validation: Annotated[list[str] | None, typer.Option(help="Rows to compare with: overlap, unseen labels.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Take columns and options from this recipe.", show_default="TASK's own")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the report as JSON.")] = None,
    sets: console.Set = None,
) -> None:
    """What a careful colleague would say of a data set, before you train on it.

    bertkit data check mine.csv --task classify -s data.columns.label=category
    """
    from bertkit.fs import write_json
    from bertkit.run import check_output
    from bertkit.training.data_check import check_data

    check_output(output)
    report = check_data(file, validation or (), task=task, recipe=recipe, sets=sets or ())
    for line in report.lines():
        typer.echo(line)
    if output:
        write_json(output, report.as_dict())
