"""Panel Judge: `bertkit eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bertkit import processes
from bertkit.commands import console
from bertkit.errors import RecipeError


def evaluate(
    run: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="A Run folder.", show_default=False)] = None,
    data: Annotated[
        list[str] | None, typer.Option("--data", help="Rows to score. Default: those of the recipe.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Of the recipe: test, validation or train.", show_default="test, if named")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="JSON of the figures, or a folder for it.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="In place of RUN: squad, to score --predictions.")] = None,
    predictions: Annotated[Path | None, typer.Option(help="JSON: a text by question id.")] = None,
    probabilities: Annotated[
        Path | None, typer.Option("--no-answer-probabilities", help="JSON: a probability by question id.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="A probability above it means no answer.", show_default="1.0")
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="A question without a prediction scores 0.")
    ] = False,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
) -> None:
    """Score a Run on rows with answers, with confidence intervals.

    bertkit eval runs/mine --data other.csv -s data.columns.text=message

    Without a Run, predictions for SQuAD are scored as the official scripts do:

    bertkit eval --task squad --predictions predictions.json --data dev-v2.0.json
    """
    files = [predictions, probabilities, threshold, allow_missing or None]
    if run is None or task is not None:
        if run is not None:
            raise RecipeError.at("--task", "does not go with a RUN, which knows its task", "name one of them")
        if task is None:
            raise RecipeError.at("eval", "names neither a RUN nor a --task", "bertkit eval RUN --data FILE")
        _files(task, files, data, output, sets, split)
        return
    if any(value is not None for value in files):
        names = ("--predictions", "--no-answer-probabilities", "--threshold", "--allow-missing")
        name = next(name for name, value in zip(names, files, strict=True) if value is not None)
        raise RecipeError.at(name, "goes with --task, not with a RUN", "bertkit eval --task squad --predictions FILE")
    if number > 1:
        given = [*console.options("--data", data), *console.options("--set", sets)]
        given += [*(["--split", split] if split else []), *(["--output", output] if output else [])]
        console.elsewhere(number, ["eval", run, *given, *(["--trust-code"] if trust_code else [])])
    from bertkit.inference.evaluate import evaluate as work
    from bertkit.inference.predictor import Predictor
    from bertkit.run import Run, check_output, write_json

    if output and output.is_dir():
        output = output / "eval.json"
    check_output(output)
    processes.join()
    opened = Run.open(run, trust_code=trust_code)
    recipe = opened.recipe_with(console.only(sets, "data", "metrics", "seed"))
    result = work(Predictor(opened), recipe, data=data or (), split=split, progress=console.progress("scoring"))
    if not processes.first():
        return
    console.scores({result["data"]: result["figures"]}, {result["data"]: result["intervals"]})
    typer.echo(f"rows: {result['rows']}")
    beside = result.pop("files")
    if output:
        for name, values in beside.items():
            write_json(output.with_name(f"{name}.json"), values)
        write_json(output, {"run": str(run), **result})


def _files(task: str, files: list[Any], data: Any, output: Path | None, sets: Any, split: str | None) -> None:
    """Predictions in files, without a Run."""
    predictions, probabilities, threshold, allow_missing = files
    if predictions is None or not data or split:
        what = f"--split {split} goes with a RUN" if split else "needs --predictions FILE and --data FILE"
        raise RecipeError.at("--task", what, "bertkit eval --task squad --predictions FILE --data GOLD.json")
    from bertkit.inference.squad_files import score_files
    from bertkit.run import check_output, write_json

    check_output(output)
    figures = score_files(
        task, predictions, data, probabilities=probabilities, threshold=threshold,
        allow_missing=bool(allow_missing), sets=console.only(sets, "data", "metrics"),
    )  # fmt: skip
    console.table(("figure", "value"), figures.items())
    if output:
        write_json(output, figures)
