"""Panel Prepare: `bertkit data check`, `bertkit data apply`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands.shared import completion, console
from bertkit.errors import DataError, Parameter

app = typer.Typer(no_args_is_help=True, help="Check data before training, and correct it.")


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


@app.command()
def apply(
    corrections: Annotated[
        Path, typer.Argument(metavar="CORRECTIONS", help="The errors.csv of bertkit errors, filled in.")
    ],
    data: Annotated[str, typer.Option("--data", metavar="FILE", help="Data file that the corrections are of.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="NEW", help="File to write.")] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Write FILE itself.")] = False,
    task: Annotated[
        str | None,
        typer.Option(help="Task of the rows.", show_default="as errors.json says", autocompletion=completion.tasks),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="Recipe that reads the rows.", show_default="as errors.json says", autocompletion=completion.recipes
        ),
    ] = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Write corrections of labels, tags, spans and answers into a data file.

    bertkit data apply errors/demo/errors.csv --data mine.csv -o new.csv

    The column `corrected` says what is right; `<remove>` takes a row out.
    """
    from bertkit.understand.errors.corrections.apply import apply as work

    if (output is None) == (not in_place):
        what = "which file is to be written?" if output is None else "has no effect beside --in-place"
        raise DataError.at(Parameter("output"), what, "name a new one, or say --in-place")
    done = work(corrections, data, output, task=task or "", recipe=recipe, sets=sets or ())
    counts = {
        "rows changed": done.changed, "rows removed": done.removed, "lines that confirm the given answer": done.right,
        "lines not filled in": done.left, "lines of other files": done.others,
    }  # fmt: skip
    for what, count in counts.items():
        if count or what == "rows changed":
            console.say(f"{what}: {count:,}")
    if done.precision:
        share, (low, high) = done.precision
        what = f"suspects that you looked at: {done.looked_at:,}, of which {done.wrong:,} were wrong"
        console.say(f"{what}: precision {share:.1%} (95%: {low:.1%} to {high:.1%})")
        console.say("this holds for the rows that you looked at, not for the rest of the list")
    console.say(f"written: {output or data}")
