"""Panel Judge: `bertkit eval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from bertkit import processes
from bertkit.commands import console
from bertkit.errors import RecipeError

if TYPE_CHECKING:
    from bertkit.bench.on import Benchmark
    from bertkit.inference.predictor import Predictor


class Wanted(NamedTuple):
    """What is to be scored, as the command line says it."""

    on: str | None
    data: list[str]
    split: str | None
    sets: list[str] | None


FILES = (".tsv", ".csv", ".jsonl", ".json")
"""What a file of predictions ends in."""
FORMS = "With a file of predictions"


def evaluate(
    model: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", help="A Run, a checkpoint, or a file of predictions.", show_default=False),
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="RECIPE", help="A benchmark's recipe, or a YAML file: glue/mnli, squad/v2.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="Rows to score; for --on glue/... the folder of GLUE. Default: the recipe's."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Of the recipe: test, validation or train.", show_default="test, if named")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="What a checkpoint's outputs mean, in their order.", show_default="by name"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="JSON of the figures, or a folder for it.")
    ] = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
    predictions: Annotated[
        Path | None, typer.Option(help="The file, in place of MODEL.", rich_help_panel=FORMS)
    ] = None,
    task: Annotated[str | None, typer.Option(help="squad, in place of --on squad/...", rich_help_panel=FORMS)] = None,
    probabilities: Annotated[
        Path | None,
        typer.Option(
            "--no-answer-probabilities", help="squad: JSON, a probability by question id.", rich_help_panel=FORMS
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="squad: above it means no answer.", show_default="1.0", rich_help_panel=FORMS),
    ] = None,
    allow_missing: Annotated[
        bool,
        typer.Option("--allow-missing", help="squad: a question without a prediction scores 0.", rich_help_panel=FORMS),
    ] = False,
) -> None:
    """Score a model, or its predictions, on rows with answers, with confidence intervals.

    bertkit eval runs/mine                                            its own test or validation rows

    bertkit eval runs/mine --data other.csv -s data.columns.text=message

    bertkit eval runs/mine --on glue/mnli --data GLUE                 a Run on a benchmark

    bertkit eval some/checkpoint --on glue/mnli --data GLUE           what others fine-tuned

    bertkit eval RTE.tsv --on glue/rte --data GLUE                    predictions in a file

    bertkit eval predictions.json --on squad/v2 --data dev-v2.0.json
    """
    if model is not None and predictions is None and Path(model).suffix in FILES and not Path(model).is_dir():
        predictions, model = Path(model), None
    files = [predictions, probabilities, threshold, allow_missing or None]
    _check(model, on, task, labels, files)
    rows = Wanted(on, data or [], split, sets)
    if model is None:
        _files(task, files, rows, output)
        return
    if number > 1:
        given = [*console.options("--data", data), *console.options("--set", sets)]
        for name, value in (("--on", on), ("--split", split), ("--labels", labels), ("--output", output)):
            given += [name, value] if value else []
        console.elsewhere(number, ["eval", model, *given, *(["--trust-code"] if trust_code else [])])
    output = _output(output)
    processes.join()
    predictor, wanted = _open(model, rows, labels, trust_code)
    from bertkit.inference.evaluate import evaluate as work

    results = {}
    for key, called in wanted.splits.items():
        result = work(predictor, wanted.recipe, data=wanted.data, split=key, progress=console.progress("scoring"))
        result["data"] = called or result["data"]
        results[result["data"]] = result
    if processes.first():
        _tell(results, output, {"run": model, **({"on": on} if on else {})})


def _check(model: str | None, on: str | None, task: str | None, labels: str | None, files: list[Any]) -> None:
    """Raise a RecipeError for options that do not go together."""
    names = ("--predictions", "--no-answer-probabilities", "--threshold", "--allow-missing")
    named = next((name for name, value in zip(names, files, strict=True) if value is not None), None)
    if task is not None and (model or on):
        what = "does not go with --on" if on else "does not go with a RUN, which knows its task"
        raise RecipeError.at("--task", what, "name one of them")
    if model is not None and named:
        todo = "leave out the RUN" if on else "bertkit eval FILE --on squad/v2 --data GOLD"
        raise RecipeError.at(named, "goes with --task or a file of predictions, not with a RUN", todo)
    if model is None and task is None and (on is None or files[0] is None):
        if on is None and named:
            raise RecipeError.at(named, "needs to know what was predicted", "--on glue/rte, or --task squad")
        raise RecipeError.at(
            "eval",
            "names neither a RUN nor a --task, nor a checkpoint or predictions with --on",
            "bertkit eval RUN --data FILE",
        )
    if labels and (model is None or not on):
        raise RecipeError.at("--labels", "says what a checkpoint's outputs mean", "bertkit eval CHECKPOINT --on RECIPE")


def _open(model: str, rows: Wanted, labels: str | None, trust_code: bool) -> tuple[Predictor, Benchmark]:
    """The Run or checkpoint, and what it is scored on."""
    from bertkit.bench.on import Benchmark, benchmark
    from bertkit.errors import RunError
    from bertkit.inference.checkpoint import Checkpoint, is_checkpoint
    from bertkit.inference.predictor import Predictor
    from bertkit.recipe.load import load
    from bertkit.run import Run

    on, data, split, sets = rows
    if on is None or Run(model).is_begun:
        if on is None and is_checkpoint(model):
            todo = f"say what it is to be scored on: bertkit eval {model} --on glue/mnli --data GLUE"
            raise RunError.at(model, "a checkpoint and no Run", todo)
        if labels:
            raise RecipeError.at("--labels", "a Run knows what its outputs mean", f"for others: {model}/model")
        opened = Run.open(model, trust_code=trust_code)
        allowed = console.only(sets, "data", "metrics", "seed")
        if on is None:
            return Predictor.open(opened), Benchmark(opened.recipe_with(allowed), {split: ""}, tuple(data))
        if (kind := load(on, allowed).task) != opened.recipe.task:
            what = f"{on}: is a recipe of the task {kind}, and the Run is {opened.recipe.task}"
            raise RecipeError.at("--on", what, f"name one of the task {opened.recipe.task}")
        return Predictor.open(opened), benchmark(on, data, allowed, split)
    wanted = benchmark(on, data, console.only(sets, "data", "metrics", "options", "seed"), split)
    named = [name.strip() for name in (labels or "").split(",") if name.strip()]
    return Checkpoint.adopt(model, wanted.recipe, labels=named, order=wanted.order), wanted


def _files(task: str | None, files: list[Any], rows: Wanted, output: Path | None) -> None:
    """Predictions in files, without a model."""
    from bertkit.bench.on import benchmark

    on, data, split, sets = rows
    predictions, probabilities, threshold, allow_missing = files
    given = console.only(sets, "data", "metrics")
    if on:
        wanted = benchmark(on, data, given, split)
        if wanted.recipe.task != "squad" or predictions.suffix != ".json":
            _rows(wanted, on, files, output)
            return
        task, given = "squad", [*(f"metrics={name}" for name in wanted.recipe.metrics), *given]
    if predictions is None or not data or split:
        what = f"--split {split} goes with a RUN" if split else "needs --predictions FILE and --data FILE"
        where = "--on" if on else "--task"
        raise RecipeError.at(where, what, "bertkit eval predictions.json --on squad/v2 --data GOLD.json")
    from bertkit.fs import write_json
    from bertkit.inference.squad_files import score_files

    output = _output(output)
    figures = score_files(
        task or "", predictions, data, probabilities=probabilities, threshold=threshold,
        allow_missing=bool(allow_missing), sets=given,
    )  # fmt: skip
    console.table(("figure", "value"), figures.items())
    if output:
        write_json(output, figures)


def _rows(wanted: Benchmark, on: str, files: list[Any], output: Path | None) -> None:
    """A file with a prediction a row."""
    names = ("--no-answer-probabilities", "--threshold", "--allow-missing")
    if named := next((name for name, value in zip(names, files[1:], strict=True) if value is not None), None):
        raise RecipeError.at(named, "goes with SQuAD's predictions by id", "name their .json, or leave it out")
    from bertkit.inference.prediction_files import score_predictions

    output = _output(output)
    key, called = next(iter(wanted.splits.items()))
    result = score_predictions(files[0], wanted.recipe, data=wanted.data, split=key, order=wanted.order)
    result["data"] = called or result["data"]
    _tell({result["data"]: result}, output, {"predictions": str(files[0]), "on": on})


def _output(output: Path | None) -> Path | None:
    """The file to write, checked before any work."""
    from bertkit.run import check_output

    if output and output.is_dir():
        output = output / "eval.json"
    check_output(output)
    return output


def _tell(results: dict[str, dict[str, Any]], output: Path | None, head: dict[str, Any]) -> None:
    """Show the figures of each set of rows, and write them: flat where it is one, else by name under `sets`."""
    from bertkit.fs import write_json

    console.scores(
        {name: result["figures"] for name, result in results.items()},
        {name: result["intervals"] for name, result in results.items()},
    )
    console.error_kinds({name: result.get("errors", {}) for name, result in results.items()})
    typer.echo("rows: " + ", ".join(str(result["rows"]) for result in results.values()))
    beside = [result.pop("files", {}) for result in results.values()]
    if output:
        for name, values in beside[0].items() if len(results) == 1 else ():
            write_json(output.with_name(f"{name}.json"), values)
        write_json(output, head | (next(iter(results.values())) if len(results) == 1 else {"sets": results}))
