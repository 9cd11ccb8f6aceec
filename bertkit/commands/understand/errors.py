"""Panel Understand: `bertkit errors`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit.commands.shared import console

if TYPE_CHECKING:
    from bertkit.report.understand.errors import Record

SHOWN, TEXT = 10, 60
"""Findings on a terminal, and characters of a text."""


def errors(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="Rows to search instead of all that the Run's recipe names.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the results and the folds.", show_default="errors/RUN"),
    ] = None,
    folds: Annotated[
        int, typer.Option("--folds", metavar="N", help="Models to train, each without one of N parts of the rows.")
    ] = 4,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Train no models: a logistic regression on the pre-trained encoder's vectors."),
    ] = False,
    planted: Annotated[
        float, typer.Option("--planted", metavar="SHARE", help="Share of the labels to plant errors in.")
    ] = 0.05,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of folds and planted errors.")] = 0,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Find wrong labels, leaks between splits and weak slices in a Run's rows.

    bertkit errors runs/support --output errors/support

    Each row is judged by a model trained on other rows. Errors planted in
    your own data show how many are found, and how far to trust the list.

    bertkit data apply errors/support/errors.csv --data mine.csv -o new.csv

    puts corrections back that were filled in.
    """
    from bertkit.run import Run
    from bertkit.understand.errors.run import CSV, HTML, JSON, ErrorSearch, find_errors

    search = ErrorSearch(folds, quick, planted, seed)
    opened = Run.open(run, trust_code=trust_code)
    folder = output or Path("errors", opened.name)
    record = find_errors(
        opened, folder, search, data=data or (), sets=console.only(sets, "data"), progress=console.progress
    )
    _show(record)
    console.say(f"written: {', '.join(str(folder / name) for name in (CSV, HTML, JSON))}")


def _show(record: Record) -> None:
    from bertkit.report.understand import errors as words

    for note in record["notes"]:
        console.say(note)
    if rows := words.findings_table(record, SHOWN, TEXT):
        console.table(("worth", "kind", "place", "text", "given", "suggested"), rows)
        if (more := len(words.suspects_of(record)) - SHOWN) > 0:
            console.say(f"and {more:,} more")
        console.say()
    console.table(*words.trust_table(record))
    console.say()
    for sentence in words.summary(record):
        console.say(sentence)
