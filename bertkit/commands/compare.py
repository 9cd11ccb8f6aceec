"""Panel Judge: `bertkit compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit.commands import console
from bertkit.errors import DataError, RunError

if TYPE_CHECKING:
    from bertkit.understand.compare import Comparison, Contrast

TABLES = (".csv", ".jsonl", ".parquet")
FORMATS = (".html", ".json", *TABLES)
TEXT, ANSWER = 70, 40
"""Characters of a text and of an answer on a terminal."""


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN_A RUN_B...", help="Run folders of one task.")],
    data: Annotated[
        list[str] | None, typer.Option("--data", help="Rows to score. Default: those of RUN_A's recipe.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="Of RUN_A's recipe: test, validation or train.", show_default="test, if named"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=".html: a page; .json: all; .csv, .jsonl, .parquet: rows that differ."),
    ] = None,
    examples: Annotated[int, typer.Option("--examples", min=0, metavar="N", help="Rows to show each way.")] = 5,
    shuffles: Annotated[
        int, typer.Option("--shuffles", min=100, metavar="N", help="Most shuffles of a randomisation test.")
    ] = 10_000,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Tell whether Runs differ on the same rows, by more than chance, and on which rows.

    bertkit compare runs/small runs/large --output compare.html

    RUN_A is compared with each other one. Its recipe says what the rows and the figures are.
    """
    _check(runs, data or (), output)
    from bertkit.run import Run
    from bertkit.understand.compare import compare as work

    opened = [Run.open(run, trust_code=trust_code) for run in runs]
    found = work(
        opened, sets=console.only(sets, "data", "metrics", "seed"), data=data or (), split=split,
        shuffles=shuffles, progress=console.progress("scoring"),
    )  # fmt: skip
    try:
        if output:  # first: who reads the tables through `head` closes them early
            _write(found, output)
    finally:
        _figures(found)
        for contrast in found.contrasts:
            _differences(contrast)
            _rows(found, contrast, examples)
    if output:
        typer.echo(f"written: {output}")


def _check(runs: list[Path], data: list[str] | tuple[()], output: Path | None) -> None:
    if len(runs) < 2:
        raise RunError.at("compare", "one Run alone", "name two or more: bertkit compare RUN_A RUN_B")
    if output is None:
        return
    from bertkit.run import check_output

    if output.suffix not in FORMATS:
        raise DataError.at("--output", f"{output}: the ending must be one of {', '.join(FORMATS)}")
    check_output(output)
    if any(Path(source).exists() and Path(source).resolve() == output.resolve() for source in data):
        raise DataError.at("--output", f"{output}: is the input, and would be written over", "name another file")


def _figures(found: Comparison) -> None:
    names = [difference.figure for difference in found.contrasts[0].differences]
    rows = []
    for name in names:
        told = [name]
        for run in found.runs:
            low, high = run.intervals[name]
            undefined = run.figures[name] != run.figures[name]
            told.append("undefined" if undefined else f"{run.figures[name]:.4f} ({low:.4f} to {high:.4f})")
        rows.append(told)
    console.table(("figure", *(run.name for run in found.runs)), rows)
    lower = ", ".join(d.figure for d in found.contrasts[0].differences if not d.greater_is_better)
    beside = f"; lower is better: {lower}" if lower else ""
    typer.echo(f"rows: {len(found.rows):,} ({found.data}); in brackets: 95% intervals{beside}\n")


def _differences(contrast: Contrast) -> None:
    from bertkit.understand.compare import in_words, probability

    corrected = any(d.corrected is not None for d in contrast.differences)
    typer.echo(f"{contrast.other} less {contrast.one}")
    rows = []
    for d in contrast.differences:
        low, high = d.interval
        told = [d.figure, f"{d.difference:+.4f}", f"{low:+.4f} to {high:+.4f}", probability(d.p)]
        rows.append([*told, *([probability(d.corrected)] if corrected else []), d.test])
    header = ["figure", "difference", "95% interval", "p", *(["p (Holm)"] if corrected else []), "test"]
    console.table(header, rows)
    typer.echo(in_words(contrast) + "\n")


def _rows(found: Comparison, contrast: Contrast, examples: int) -> None:
    from bertkit.tasks.verdicts import short
    from bertkit.understand import outcomes

    if not contrast.counts:
        typer.echo("In this task single rows are not right or wrong: none are shown.\n")
        return
    console.table(
        ("outcome", "rows", "share"), outcomes.in_words(contrast.counts, contrast.one, contrast.other, len(found.rows))
    )
    typer.echo("")
    runs = {run.name: run for run in found.runs}
    one, other = runs[contrast.one].verdicts, runs[contrast.other].verdicts
    for name, better, worse in ((contrast.one, one, other), (contrast.other, other, one)):
        numbers = [i for i in contrast.rows if better[i].score > worse[i].score]
        if not numbers[:examples]:
            continue
        first = f"the first {min(examples, len(numbers))}" if len(numbers) > 1 else "this one"
        typer.echo(f"{name} is better on {len(numbers):,} row{'s' * (len(numbers) > 1)}; {first}:")
        header, shown = outcomes.columns(contrast.counts, contrast.one, contrast.other, name)
        rows = [
            (i + 1, short(one[i].text, TEXT), *(cell(one[i], other[i], ANSWER) for cell in shown))
            for i in numbers[:examples]
        ]
        console.table(("row", "text", *header), rows)
        typer.echo("")


def _write(found: Comparison, output: Path) -> None:
    from bertkit.fs import write_json, write_text
    from bertkit.inference import files as tables
    from bertkit.report.compare import page

    if output.suffix in TABLES and not found.contrasts[0].counts:
        what = f"{output}: in this task single rows are not right or wrong: there are none to write"
        raise DataError.at("--output", what, "name a .json or .html")
    try:
        if output.suffix == ".html":
            write_text(output, page(found))
        elif output.suffix == ".json":
            write_json(output, found.record())
        else:
            tables.write(found.table(), str(output))
    except OSError as error:
        raise RunError.at("--output", f"{output}: can not be written: {error.strerror}", "name another file") from error
