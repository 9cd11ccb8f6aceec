"""Panel Understand: `bertkit robustness`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.commands.shared import console
from bertkit.errors import DataError, Parameter, RecipeError

if TYPE_CHECKING:
    from bertkit.report.understand.robustness import Record
    from bertkit.understand.robustness.run import Robustness

TABLES = (".jsonl", ".csv", ".parquet")
FORMATS = (".html", ".json", *TABLES)
ROWS, WORDS, BUDGET, QUERIES = 1000, 20, 0.2, 100
"""Defaults; on the command line they are None, so that one that is given for nothing is refused."""
TEXT = 100
"""Characters of a text on a terminal."""


def _list(wanted: bool) -> None:
    if wanted:
        from bertkit.understand.robustness.perturbations.table import PERTURBATIONS

        console.table(("name", "family", "what it does"), [(one.name, one.family, one.does) for one in PERTURBATIONS])
        raise typer.Exit


Data = Annotated[list[str] | None, typer.Option("--data", help="Rows to change. Default: the rows of the recipe.")]
Split = Annotated[
    str | None,
    typer.Option(
        help="Split of the recipe: test, validation or train.", show_default="test, if named, else validation"
    ),
]
Only = Annotated[
    str | None,
    typer.Option("--only", metavar="NAME,...", help="Perturbations or families of them.", show_default="all"),
]
Skip = Annotated[str | None, typer.Option("--skip", metavar="NAME,...", help="Perturbations or families to leave out.")]
Strength = Annotated[
    float, typer.Option("--strength", metavar="0..1", help="Share of words that a perturbation of words changes.")
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", min=1, metavar="N", help="Maximum number of rows, drawn by --seed.", show_default=f"{ROWS:,}"
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Seed of rows, perturbations and fillings.")]
Tests = Annotated[
    Path | None, typer.Option("--tests", metavar="FILE.yaml", help="Behaviour tests; alone, nothing else is done.")
]
Attack = Annotated[
    bool, typer.Option("--attack", help="Replace words by those of a masked-language model until answers are wrong.")
]
Mlm = Annotated[
    str | None,
    typer.Option(
        "--mlm",
        metavar="MODEL",
        help="Model for --attack: a Run of pretrain, a folder or hub name.",
        show_default="what RUN began with",
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget", metavar="0..1", help="Share of words that --attack may replace.", show_default=str(BUDGET)
    ),
]
Queries = Annotated[
    int | None,
    typer.Option("--queries", metavar="N", help="Most questions of --attack for each row.", show_default=str(QUERIES)),
]
Words = Annotated[
    int | None,
    typer.Option(
        "--words",
        min=0,
        metavar="N",
        help="Words to remove and to insert, to find those that decide; 0: none.",
        show_default=str(WORDS),
    ),
]
Examples = Annotated[
    int, typer.Option("--examples", min=0, metavar="N", help="Changed rows to show for each perturbation.")
]
FailBelow = Annotated[
    float | None,
    typer.Option(
        "--fail-below",
        metavar="0..1",
        help="Exit code 1 if a robust share, or the share of a test that passes, is below.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help=".html: a page; .json: everything; .jsonl, .csv, .parquet: the changed rows, to train on.",
    ),
]
List = Annotated[bool, typer.Option("--list", callback=_list, is_eager=True, help="Show all perturbations and exit.")]


def robustness(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A Run folder.", show_default=False)],
    data: Data = None,
    split: Split = None,
    only: Only = None,
    skip: Skip = None,
    strength: Strength = 0.1,
    limit: Limit = None,
    seed: Seed = 0,
    tests: Tests = None,
    attack: Attack = False,
    mlm: Mlm = None,
    budget: Budget = None,
    queries: Queries = None,
    words: Words = None,
    examples: Examples = 3,
    fail_below: FailBelow = None,
    output: Output = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    show_list: List = False,
) -> None:
    """Change texts in ways that should not change answers, and count the answers that change.

    bertkit robustness runs/mine --output robustness.html

    Some changes alone, in continuous integration:

    bertkit robustness runs/mine --only typos,case --fail-below 0.9

    Tests of your own (docs/robustness.md):

    bertkit robustness runs/mine --tests tests.yaml --fail-below 1
    """
    changes = bool(not tests or data or split or only or skip or attack)
    _check_used({"mlm": mlm, "budget": budget, "queries": queries}, attack, "without --attack", "add it")
    alone = "with --tests alone", "name what to change too: --data, --split or --only"
    _check_used({"limit": limit, "words": words}, changes, *alone)
    _check_results(fail_below, output, [*(data or ()), *([str(tests)] if tests else [])])
    from bertkit.run import Run
    from bertkit.understand.robustness.attack import AttackOptions
    from bertkit.understand.robustness.run import RobustnessOptions
    from bertkit.understand.robustness.run import robustness as work

    names, left_out = ([name.strip() for name in (given or "").split(",") if name.strip()] for given in (only, skip))
    share = BUDGET if budget is None else budget
    adversary = AttackOptions(mlm, share, QUERIES if queries is None else queries) if attack else None
    keep_rows = output is not None and output.suffix in TABLES
    most, tried = limit or ROWS, WORDS if words is None else words
    options = RobustnessOptions(names, strength, most, tried, max(examples, 5), seed, adversary, keep_rows, left_out)
    if output and output.suffix in TABLES and not changes:
        raise DataError.at("--output", f"{output}: --tests alone changes no rows", "name a .html or .json, or --data")
    opened = Run.open(run, trust_code=trust_code)
    own = console.only(sets, "data", "seed")
    judged = _judged(opened, tests, seed, strength) if tests else []
    result = None
    if changes:
        result = work(opened, options, sets=own, data=data or (), split=split, progress=console.progress)
    record = _record(opened.name, result, judged)
    try:
        if output:  # first, because `| head` closes standard output early
            _write(record, result, output)
    finally:
        _show(record, examples)
    if output:
        console.say(f"written: {output}")
    if fail_below is not None and result is not None and not result.right:
        what = "the rows have no right answers, and what is judged is the share of right answers that stay right"
        raise DataError.at(Parameter("fail_below"), what, "name rows that have them")
    if fail_below is not None and _fails(record, fail_below):
        raise typer.Exit(1)


def _check_results(fail_below: float | None, output: Path | None, inputs: list[str]) -> None:
    """Refuse a share that is none, and a file that can not be written."""
    if fail_below is not None and not 0 <= fail_below <= 1:
        raise RecipeError.at(Parameter("fail_below"), f"{fail_below:g}: expected a share, 0 to 1", "for example 0.9")
    from bertkit.fs import check_output

    if output and output.suffix not in FORMATS:  # a stream too: its ending is all that names a format
        what = f"{output}: the ending must be one of {', '.join(FORMATS)}"
        raise DataError.at(Parameter("output"), what, "name another file")
    check_output(output, endings=FORMATS, inputs=inputs)


def _check_used(given: dict[str, Any], used: bool, when: str, todo: str) -> None:
    """Refuse options that would change nothing."""
    for name, value in given.items():
        if value is not None and not used:
            raise RecipeError.at(Parameter(name), f"has no effect {when}", todo)


def _judged(run: Any, tests: Path, seed: int, strength: float) -> list[dict[str, Any]]:
    """The results of behaviour tests."""
    from bertkit.inference.predictor import Predictor
    from bertkit.understand.robustness.behaviour.file import read
    from bertkit.understand.robustness.behaviour.judge import judge
    from bertkit.understand.robustness.run import check_task

    behaviours = read(tests)
    predictor = Predictor.open(run)
    check_task(predictor.task, str(run.path))
    return [one.record() for one in judge(predictor, behaviours, seed, strength, console.progress("tests"))]


def _record(name: str, result: Robustness | None, judged: list[dict[str, Any]]) -> Record:
    return {"run": name, **(result.record() if result else {"perturbations": None, "warnings": []}), "tests": judged}


def _show(record: Record, examples: int) -> None:
    from bertkit.report.understand import robustness as words

    for title, header, rows in words.tables(record):
        if title:
            console.say(title)
        console.table(header, rows)
        console.say()
    for line in words.summary(record):
        console.say(line)
    for title, changed in words.changed_rows(record, examples):
        console.say()
        console.say(title)
        for before, after in changed:
            console.say(f"  {words.short(before, TEXT)}")
            console.say(f"  -> {words.short(after, TEXT)}")


def _fails(record: Record, least: float) -> bool:
    """Whether a share is below; says which."""
    from bertkit.report.understand import robustness as words

    failed = words.below(record, least)
    for line in failed:
        console.say(f"below {least:g}: {line}")
    return bool(failed)


def _write(record: Record, result: Robustness | None, output: Path) -> None:
    from bertkit.fs import write_json, write_text
    from bertkit.inference import files
    from bertkit.report.understand.robustness import page

    if output.suffix == ".html":
        write_text(output, page(record))
    elif output.suffix == ".json":
        write_json(output, record)
    elif result is not None:
        if not result.changed:
            raise DataError.at("--output", f"{output}: no row was changed", "name other perturbations: --only")
        files.write(result.changed, str(output))
