"""Panel Use: `bertkit predict`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit import processes
from bertkit.commands.shared import completion, console
from bertkit.errors import DataError, Parameter, RecipeError

if TYPE_CHECKING:
    from bertkit.inference.ask import Answered
    from bertkit.inference.predictor import Predictor
    from bertkit.recipe.schema import DataBlock
    from bertkit.tasks.task import Task


NOT_READ = (
    *("data.train", "data.validation", "data.test", "data.validation_ratio", "data.limit"),
    "data.label_ids",
)
"""Keys that rows to answer do not depend on."""
LABELLED = "data.label_names"
"""A Run does not depend on it either; it may name the outputs of a checkpoint."""

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A Run, or a checkpoint: a folder or hub name.")]
Source = Annotated[str | None, typer.Argument(metavar="INPUT", help="File, folder or glob; - reads standard input.")]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        help="A .csv, .jsonl or .parquet file, or .conll for tags; - prints JSON lines.",
    ),
]
Text = Annotated[list[str] | None, typer.Option("--text", "-t", help="A text in place of INPUT; repeatable.")]
TextPair = Annotated[list[str] | None, typer.Option("--text-pair", help="The second text of each --text; repeatable.")]
Question = Annotated[str | None, typer.Option("--question", "-q", help="A question to answer from each --context.")]
Context = Annotated[
    list[str] | None,
    typer.Option("--context", "-c", help="A passage that may contain the answer; repeatable."),
]
BestOf = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Keep only the highest-scoring row for each value of COLUMN."),
]
On = Annotated[
    str | None,
    typer.Option(
        metavar="RECIPE",
        help="Checkpoint: the recipe whose task, options and columns it has.",
        autocompletion=completion.recipes,
    ),
]
TaskName = Annotated[
    str | None,
    typer.Option(
        "--task",
        help="Checkpoint: its task, in place of --on.",
        show_default="that of its config.json",
        autocompletion=completion.tasks,
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(metavar="A,B,C", help="Checkpoint: names of its outputs, in order.", show_default="its own"),
]
Logits = Annotated[bool, typer.Option("--logits", help="Add the model's raw scores.")]


def predict(
    model: Model,
    source: Source = None,
    output: Output = None,
    text: Text = None,
    text_pair: TextPair = None,
    question: Question = None,
    context: Context = None,
    best_of: BestOf = None,
    logits: Logits = False,
    on: On = None,
    task: TaskName = None,
    labels: Labels = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
) -> None:
    """Predict an answer for every row of a file: keeps all columns, adds the answer and its probabilities.

    bertkit predict runs/mine new.csv --output answers.csv

    bertkit predict runs/mine --text "where is my parcel?"

    bertkit predict runs/squad -q "Who fixed it?" -c "Ann fixed it on Sunday."

    A model that bertkit did not train; its task is that of its config.json, or named:

    bertkit predict some/checkpoint new.csv --labels negative,positive
    """
    _check(source, text, text_pair, question, context, best_of)
    if number > 1:
        if not source or source == "-":
            raise DataError.at("--processes", "needs a file that all processes can read", "name one as INPUT")
        options = console.options(
            output=output,
            best_of=best_of,
            logits=logits,
            on=on,
            task=task,
            labels=labels,
            set=sets,
            trust_code=trust_code,
        )
        console.launch(number, ["predict", model, source, *options])
    from bertkit.data.read.rows import LeftOut, count_left_out
    from bertkit.fs import check_output
    from bertkit.inference import ask, files

    file = None if output in (None, "-") else Path(output)
    if file is None and "stdout" in console.closed:
        raise DataError.at("standard output", "is closed", "name a file: --output OUT.csv")
    check_output(file, endings=files.FORMATS, inputs=[source] if source else [])
    processes.join()
    (predictor, block), left_out = _open(model, source, on, task, labels, sets, trust_code), LeftOut()
    conll = files.is_conll(output, predictor.task, logits=logits)
    if source is not None:
        bar = console.progress("predicting")
        with count_left_out() as left_out:
            answered = files.predict_file(predictor, [source], block, logits=logits, conll=conll, progress=bar)
    elif question is not None:
        answered = ask.ask_question(predictor, question, context or [])
    else:
        answered = ask.ask_texts(predictor, text or [], text_pair or [])
    if source is None and output is None and not logits:
        _show(answered, predictor.task)
    elif processes.first():
        rows = files.add_answers(answered, predictor.task, logits=logits, conll=conll)
        rows = ask.best_of(rows, best_of) if best_of else rows
        with console.printing() if file is None else contextlib.nullcontext():
            files.write(rows, output or "-", separator=files.list_separator(predictor.task, block))
        if file or str(left_out):
            console.say(f"{len(rows)} rows{left_out}: {file or 'standard output'}", err=True)


def _open(
    model: str,
    source: str | None,
    on: str | None,
    task: str | None,
    labels: str | None,
    sets: list[str] | None,
    trust_code: bool,
) -> tuple[Predictor, DataBlock]:
    """The predictor of a Run or of a checkpoint, and how it reads rows."""
    from bertkit.inference.checkpoint import Checkpoint, guess, names_checkpoint
    from bertkit.inference.predictor import Predictor
    from bertkit.recipe.load import load
    from bertkit.run import Run

    beside = "predict: it answers every row, without labels"
    console.unused(sets, *NOT_READ, beside=beside)
    asked = [name for name, value in (("on", on), ("task", task), ("labels", labels)) if value]
    if Run(model).is_begun or not (asked or names_checkpoint(model)):
        opened = Run.open(model, trust_code=trust_code)
        if asked:
            raise RecipeError.at(Parameter(asked[0]), "a Run has its own task and labels", "leave it out")
        console.unused(sets, LABELLED, beside=beside)
        return Predictor.open(opened), opened.recipe_with(console.only(sets, "data")).data
    if on and task:
        raise RecipeError.at(Parameter("task"), "the recipe already names the task", "leave it out")
    changes = console.only(sets, "data", "options")
    order: Sequence[str] = ()
    if on:
        from bertkit.bench.on import benchmark

        rows = benchmark(on, [source] if source else [], changes)
        recipe, order = rows.recipe, rows.order
    else:
        told = {"task": task} if task else guess(model).model_dump(include={"task", "options"})
        recipe = load(told, changes)
    names = [name.strip() for name in (labels or "").split(",") if name.strip()]
    return Checkpoint.adopt(model, recipe, labels=names, order=order), recipe.data


def _check(
    source: str | None,
    text: list[str] | None,
    text_pair: list[str] | None,
    question: str | None,
    context: list[str] | None,
    best_of: str | None,
) -> None:
    """Raise a DataError for options that do not go together."""
    if [source is None, not text, question is None].count(False) != 1:
        what = "expected one of INPUT, --text and --question"
        raise DataError.at("predict", what, "bertkit predict RUN new.csv --output OUT.csv")
    if (question is None) != (not context):
        raise DataError.at("--question", "goes with --context", "bertkit predict RUN --question Q --context TEXT")
    if best_of and source is None:
        raise DataError.at("--best-of", "names a column of INPUT", "name a file as INPUT")
    if text_pair:
        from bertkit.inference.ask import check_pairs

        check_pairs(text or [], text_pair)


def _show(answered: Answered, task: Task) -> None:
    """Answers on a terminal: texts with their parts in colours where the task has such, else a table."""
    rows, answers = answered.rows, answered.answers
    if "question" not in rows[0]:
        if console.in_colour() and all(marks := [task.marks(answer) for answer in answers]):
            console.marked(marks)
        else:
            console.table(
                ("text", "answer"), zip([row["text"] for row in rows], map(task.to_text, answers), strict=True)
            )
        return
    columns = {
        "context": [f"{row['context']:.60}" for row in rows],
        "answer": [task.to_text(answer) for answer in answers],
        "score": [f"{answer['score']:.2f}" for answer in answers if "score" in answer],
        "share": [f"{share:.2f}" for share in answered.shares or ()],
    }
    columns = {name: values for name, values in columns.items() if values}
    console.table(list(columns), zip(*columns.values(), strict=True))
