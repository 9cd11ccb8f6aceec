"""Panel Evaluate: `bertkit eval`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit import processes
from bertkit.commands.shared import completion, console

if TYPE_CHECKING:
    from bertkit.inference.evaluate import Result
    from bertkit.inference.request import EvalRequest

FILES = "Options for a file of predictions"
SETTABLE = {
    "run": ("data", "metrics", "seed"),
    "checkpoint": ("data", "metrics", "options", "seed"),
    "predictions": ("data", "metrics"),
}
"""Blocks of a recipe that `--set` can change, by what is scored."""
NOT_READ = (
    *("data.train", "data.validation", "data.test", "data.validation_ratio"),
    *("data.limit.train", "data.limit.validation"),
)
"""Keys that rows named with `--data` do not depend on."""


Model = Annotated[
    str | None,
    typer.Argument(metavar="MODEL", help="A Run, a checkpoint, or a file of predictions.", show_default=False),
]
On = Annotated[
    str | None,
    typer.Option(
        metavar="RECIPE",
        help="Benchmark to score on: glue/mnli, squad/v2, ... or a YAML file.",
        autocompletion=completion.recipes,
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        help="Rows to score; with --on glue/..., the folder of GLUE or a file of it. Repeatable.",
        show_default="those of the recipe",
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        help="Split of the recipe to score: test, validation or train.",
        show_default="test where there is one, else validation",
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,C", help="Class names of the checkpoint's outputs, in order.", show_default="matched by name"
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Write the figures as JSON to this file, or to eval.json in this folder."),
]
Reference = Annotated[
    bool,
    typer.Option(
        "--reference", help="Also compute the figures by seqeval, scikit-learn, ...; exit code 1 where they differ."
    ),
]
Predictions = Annotated[
    Path | None, typer.Option(help="The file, in place of MODEL; any ending.", rich_help_panel=FILES)
]
Task = Annotated[
    str | None, typer.Option(help="squad, in place of --on squad/v1 or --on squad/v2.", rich_help_panel=FILES)
]
NoAnswerProbabilities = Annotated[
    Path | None, typer.Option(help="SQuAD: JSON file, probability by question id.", rich_help_panel=FILES)
]
Threshold = Annotated[
    float | None,
    typer.Option(
        help="SQuAD: no-answer probability above which the answer is empty.",
        show_default="1.0",
        rich_help_panel=FILES,
    ),
]
AllowMissing = Annotated[
    bool,
    typer.Option("--allow-missing", help="SQuAD: a question without a prediction scores 0.", rich_help_panel=FILES),
]


def evaluate(
    model: Model = None,
    on: On = None,
    data: Data = None,
    split: Split = None,
    labels: Labels = None,
    precision: console.Precision = "float32",
    output: Output = None,
    reference: Reference = False,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
    predictions: Predictions = None,
    task: Task = None,
    no_answer_probabilities: NoAnswerProbabilities = None,
    threshold: Threshold = None,
    allow_missing: AllowMissing = False,
) -> None:
    """Score a model or a file of predictions on rows with answers, with confidence intervals.

    A Run, on its own test or validation rows, or on other rows:

    bertkit eval runs/mine

    bertkit eval runs/mine --data other.csv -s data.columns.text=message

    A Run or somebody else's checkpoint on a benchmark:

    bertkit eval runs/mine --on glue/mnli --data GLUE

    bertkit eval some/checkpoint --on glue/mnli --data GLUE

    A file of predictions:

    bertkit eval RTE.tsv --on glue/rte --data GLUE

    bertkit eval predictions.json --on squad/v2 --data dev-v2.0.json
    """
    from bertkit.inference import request as requests

    if model and not predictions and requests.is_prediction_file(model):
        predictions, model = Path(model), None
    request = requests.EvalRequest(
        model, predictions, on, task, tuple(data or ()), split, _names(labels),
        no_answer_probabilities, threshold, allow_missing,
    )  # fmt: skip
    if precision != "float32" and not model:
        from bertkit.errors import Parameter, RecipeError

        raise RecipeError.at(Parameter("precision"), "a file of predictions needs no model", "leave it out")
    if number > 1 and model:
        options = console.options(
            on=on,
            data=data,
            split=split,
            labels=labels,
            precision=precision,
            output=output,
            reference=reference,
            set=sets,
            trust_code=trust_code,
        )
        console.launch(number, ["eval", model, *options])
    output = _output_file(output)
    allowed = console.only(sets, *SETTABLE[request.kind])
    if model:
        processes.join()
        results = _score_model(request, allowed, trust_code, precision=precision, reference=reference)
        head: dict[str, Any] = {"run": model, **({"on": on} if on else {})}
    else:
        results = _score_predictions(request, allowed, output, reference)
        head = {"predictions": str(predictions), "on": on}
    if results and processes.first():
        _show(results, output, head)


def _names(labels: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (labels or "").split(",") if name.strip())


def _output_file(output: Path | None) -> Path | None:
    """The file to write, checked before any work."""
    from bertkit.fs import check_output

    if output and output.is_dir():
        output = output / "eval.json"
    check_output(output)
    return output


def _score_model(request: EvalRequest, sets: Sequence[str], trust_code: bool, **options: Any) -> dict[str, Result]:
    """Results of a Run or a checkpoint by name of the rows; `options` are those of `evaluate_run`."""
    from bertkit.bench.on import benchmark
    from bertkit.errors import Parameter, RecipeError, RunError
    from bertkit.inference.checkpoint import is_checkpoint
    from bertkit.inference.evaluate import EvalSet, evaluate_checkpoint, evaluate_run
    from bertkit.run import Run

    model, bar = request.model or "", console.progress("scoring")
    if request.kind == "checkpoint":
        rows = benchmark(request.on or "", request.data, sets, request.split)
        return evaluate_checkpoint(model, rows, labels=request.labels, progress=bar, **options)
    if not request.on and is_checkpoint(model):
        todo = f"name the rows to score it on: bertkit eval {model} --on glue/mnli --data GLUE"
        raise RunError.at(model, "a checkpoint, not a Run", todo)
    if request.labels:
        todo = f"leave it out, or score the checkpoint {Run(model).model}"
        raise RecipeError.at(Parameter("labels"), "a Run already has its class names", todo)
    run = Run.open(model, trust_code=trust_code)
    if request.data and not request.on:
        console.unused(sets, *NOT_READ, beside="--data")
    if request.on:
        rows = benchmark(request.on, request.data, sets, request.split)
    else:
        rows = EvalSet(run.recipe_with(sets), {request.split: ""}, request.data)
    return evaluate_run(run, rows, progress=bar, **options)


def _score_predictions(
    request: EvalRequest, sets: Sequence[str], output: Path | None, reference: bool
) -> dict[str, Result]:
    """Results of a table of predictions by name of the rows; SQuAD's predictions by id are shown and written here."""
    from bertkit.bench.on import benchmark
    from bertkit.fs import write_json
    from bertkit.inference.prediction_files.squad import has_official_script, score_files
    from bertkit.inference.prediction_files.table import score_prediction_file

    file, task = request.predictions or "", request.task
    if request.on:
        rows = benchmark(request.on, request.data, sets, request.split)
        if Path(file).suffix != ".json" or not has_official_script(rows.recipe.task):
            request.reject_squad_options("this file is a table")
            return score_prediction_file(file, rows, reference=reference)
        request.check_squad()
        task, sets = rows.recipe.task, [*(f"metrics={name}" for name in rows.recipe.metrics), *sets]
    figures = score_files(
        task or "", file, request.data, no_answer_probabilities=request.no_answer_probabilities,
        threshold=request.threshold, allow_missing=request.allow_missing, sets=sets, reference=reference,
    )  # fmt: skip
    again = figures.pop("reference", [])
    console.table(("figure", "value"), figures.items())
    if output:
        write_json(output, figures | ({"reference": again} if reference else {}))
    _show_reference(again)
    return {}


def _rows(result: Result) -> str:
    from bertkit.data.read.rows import LeftOut

    left_out = LeftOut(*(result.get(f"rows_{name}", 0) for name in ("skipped", "not_drawn", "dropped")))
    return f"{result['rows']}{left_out}"


def _show(results: dict[str, Result], output: Path | None, head: dict[str, Any]) -> None:
    """Show the figures, and write them. Results of several sets of rows are written by name under `sets`."""
    from bertkit.fs import write_json

    console.scores(
        {name: result["figures"] for name, result in results.items()},
        {name: result["intervals"] for name, result in results.items()},
    )
    console.error_kinds({name: result.get("errors", {}) for name, result in results.items()})
    console.say("rows: " + "; ".join(map(_rows, results.values())))
    files = [result.pop("files", {}) for result in results.values()]
    if output:
        for name, values in files[0].items() if len(results) == 1 else ():
            write_json(output.with_name(f"{name}.json"), values)
        write_json(output, head | (next(iter(results.values())) if len(results) == 1 else {"sets": results}))
    _show_reference([again for result in results.values() for again in result.get("reference", [])])


def _show_reference(figures: Sequence[dict[str, Any]]) -> None:
    """Show each figure beside its reference; exit with code 1 where they differ without a known reason."""
    if not figures:
        return

    def row(f: dict[str, Any]) -> tuple[str, ...]:
        if f["reference"] is None:
            return f["figure"], f"{f['value']:.10g}", "none", "", ""
        return f["figure"], f"{f['value']:.10g}", f"{f['reference']:.10g}", f"{f['difference']:.1e}", f["by"]

    console.table(("figure", "bertkit", "reference", "difference", "by"), map(row, figures))
    for reason in dict.fromkeys(f["explained"] for f in figures if f["explained"]):
        typer.echo(f"known difference: {reason}")
    if wrong := [f["figure"] for f in figures if f["wrong"]]:
        typer.echo(f"error: differs from the reference: {', '.join(wrong)}; please report this", err=True)
        raise typer.Exit(1)
