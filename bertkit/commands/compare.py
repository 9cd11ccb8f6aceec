"""Panel Evaluate: `bertkit compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit.commands.shared import console
from bertkit.display import with_interval
from bertkit.errors import DataError, RunError

if TYPE_CHECKING:
    from bertkit.report.compare import Record

TABLES = (".csv", ".jsonl", ".parquet")
FORMATS = (".html", ".json", *TABLES)
TEXT, ANSWER = 70, 40
"""Characters of a text and of an answer on a terminal."""


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN_A RUN_B...", help="Run folders of one task.")],
    data: Annotated[
        list[str] | None, typer.Option("--data", help="Rows to score. Default: the rows of RUN_A's recipe.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Split of RUN_A's recipe to score: test, validation or train.",
            show_default="test where there is one, else validation",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help=".html: a page; .json: everything; .csv, .jsonl, .parquet: the rows where Runs differ.",
        ),
    ] = None,
    examples: Annotated[
        int, typer.Option("--examples", min=0, metavar="N", help="Rows to show where each Run is better.")
    ] = 5,
    shuffles: Annotated[
        int,
        typer.Option("--shuffles", min=100, metavar="N", help="Maximum number of shuffles of a randomisation test."),
    ] = 10_000,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Compare Runs on the same rows: significance test, and the rows where they disagree.

    bertkit compare runs/small runs/large --output compare.html

    RUN_A is compared with each other Run. Its recipe determines the rows and the figures.
    """
    _check(runs, data or (), output)
    from bertkit.run import Run
    from bertkit.understand.compare import compare as work

    opened = [Run.open(run, trust_code=trust_code) for run in runs]
    comparison = work(
        opened, sets=console.only(sets, "data", "metrics", "seed"), data=data or (), split=split,
        shuffles=shuffles, progress=console.progress("scoring"),
    )  # fmt: skip
    record = comparison.record()
    try:
        if output:  # first, because `| head` closes standard output early
            _write(record, output)
    finally:
        _show(record, examples)
    if output:
        console.say(f"written: {output}")


def _check(runs: list[Path], data: list[str] | tuple[()], output: Path | None) -> None:
    if len(runs) < 2:
        raise RunError.at("compare", "only one Run", "name two or more: bertkit compare RUN_A RUN_B")
    from bertkit.fs import check_output

    check_output(output, endings=FORMATS, inputs=data)


def _show(record: Record, examples: int) -> None:
    from bertkit.report import compare as words

    names = [difference["figure"] for difference in record["comparisons"][0]["figures"]]
    runs = record["runs"].values()
    rows = [
        [name, *(with_interval(run["figures"][name], run["intervals"].get(name)) for run in runs)] for name in names
    ]
    console.table(("figure", *words.marked_names(record)), rows)
    for number, line in enumerate(record["warnings"], 1):
        console.say(f"[{number}] warning: {line}")
    lower = ", ".join(words.lower_is_better(record))
    note = f"; lower is better: {lower}" if lower else ""
    console.say(f"rows: {record['rows']:,} ({record['data']}); in brackets: 95% intervals{note}")
    if energy := words.energy_table(record):
        console.table(*energy)
    console.say()
    for comparison in record["comparisons"]:
        console.say(f"{comparison['other']} minus {comparison['one']}")
        console.table(*words.significance_table(comparison))
        console.say(words.summary(comparison))
        console.say()
        if comparison["counts"]:
            _rows(record, comparison, examples)
        else:
            console.say("No rows are shown: in this task, single rows are not right or wrong.")
            console.say()


def _rows(record: Record, comparison: Record, examples: int) -> None:
    from bertkit.report import compare as words

    console.table(("outcome", "rows", "share"), words.outcomes_table(record, comparison))
    console.say("")
    for better in words.better_rows(record, comparison, rows=examples, text=TEXT, answer=ANSWER):
        if better.rows:
            first = f"the first {len(better.rows)}" if better.count > 1 else "this one"
            console.say(f"{better.name} is better on {better.count:,} row{'s' * (better.count > 1)}; {first}:")
            console.table(("row", "text", *better.header), better.rows)
            console.say("")


def _write(record: Record, output: Path) -> None:
    from bertkit.fs import write_json, write_text
    from bertkit.inference import files as tables
    from bertkit.report.compare import page

    if output.suffix in TABLES and not record["comparisons"][0]["counts"]:
        what = f"{output}: no rows to write: in this task, single rows are not right or wrong"
        raise DataError.at("--output", what, "name a .json or .html")
    if output.suffix == ".html":
        write_text(output, page(record))
    elif output.suffix == ".json":
        write_json(output, record)
    else:
        tables.write(record["differing"], str(output))
