"""Panel Use: `bertkit predict`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit import processes
from bertkit.commands.shared import bulk, completion, console, remote
from bertkit.commands.shared import energy as shared_energy
from bertkit.commands.shared.predictor import answering, open_predictor
from bertkit.errors import DataError

if TYPE_CHECKING:
    from bertkit.inference.ask import Answered
    from bertkit.inference.bulk.options import BulkOptions
    from bertkit.inference.predictor import Predictor
    from bertkit.tasks.task import Task


Model = Annotated[str, typer.Argument(metavar="MODEL", help="A Run, or a checkpoint: a folder or hub name.")]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        help="A .csv, .tsv, .jsonl or .parquet file, .conll for tags, or a folder/; - prints JSON lines.",
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
Probabilities = Annotated[
    str,
    typer.Option(
        metavar="all|top|none",
        help="Of each answer: its confidence, all probabilities, or none.",
        autocompletion=lambda: ["all", "top", "none"],
    ),
]
TopK = Annotated[
    int | None, typer.Option(min=1, metavar="K", help="Add the K most probable answers.", show_default="none")
]
ShardFormat = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help="Format of the shards.", show_default="jsonl")
]
Excel = Annotated[bool, typer.Option("--excel", help="A csv for a spreadsheet: no cell of it is executed.")]


AbstainBelow = Annotated[
    float | None,
    typer.Option(min=0, max=1, metavar="P", help="Add whether the confidence is below P: the column abstained."),
]
ErrorRate = Annotated[
    float | None,
    typer.Option(metavar="SHARE", help="Choose P on the Run's validation rows: SHARE of the answers may be wrong."),
]


def predict(
    model: Model,
    source: bulk.Source = None,
    output: Output = None,
    text: Text = None,
    text_pair: TextPair = None,
    question: Question = None,
    context: Context = None,
    best_of: BestOf = None,
    columns: bulk.Columns = None,
    probabilities: Probabilities = "top",
    top_k: TopK = None,
    logits: Logits = False,
    abstain_below: AbstainBelow = None,
    error_rate: ErrorRate = None,
    bad_rows: bulk.BadRowsMode = None,
    shard_rows: bulk.ShardRows = None,
    shard_format: ShardFormat = None,
    excel: Excel = False,
    on: On = None,
    task: TaskName = None,
    labels: Labels = None,
    precision: console.Precision = "float32",
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
    ray: bulk.Ray = None,
    url: remote.Url = None,
    energy: shared_energy.Energy = False,
    country: shared_energy.Country = None,
) -> None:
    """Predict an answer for every row of a file of any size: keeps all columns, adds the answer and its confidence.

    bertkit predict runs/mine new.csv --output answers.csv

    bertkit predict runs/mine --text "where is my parcel?"

    bertkit predict runs/squad -q "Who fixed it?" -c "Ann fixed it on Sunday."

    Killed, the same command goes on. A folder of files, each of 100,000 rows:

    bertkit predict runs/mine new.parquet --output answers/ --format parquet

    A model that bertkit did not train; its task is that of its config.json, or named:

    bertkit predict some/checkpoint new.csv --labels negative,positive

    The same from a server, where the model is called support:

    bertkit predict support new.csv -o a.csv --url http://127.0.0.1:8000
    """
    _check(source, text, text_pair, question, context, best_of)
    request = shared_energy.request_of(energy, country)
    shared_energy.check_here(request, ray=ray is not None, url=url is not None)
    if error_rate is not None:
        _check_error_rate(model, abstain_below, remotely=url is not None)
    if url is not None:
        own = {"processes": number > 1, "precision": precision != "float32", "trust_code": trust_code}
        remote.check(output, ray=ray, on=on, task=task, labels=labels, **own)
    if ray is not None:
        bulk.check_ray(source, output)
        if best_of:
            raise DataError.at("--best-of", "needs all rows at once", "leave --ray out")
    elif number > 1:
        bulk.check_processes(source)
        given: dict[str, Any] = {
            "output": output,
            "best_of": best_of,
            "columns": columns,
            "probabilities": probabilities,
        }
        given |= {"top_k": top_k, "logits": logits, "bad_rows": bad_rows}
        given |= {"shard_rows": shard_rows, "format": shard_format, "excel": excel, "on": on, "task": task}
        given |= {"labels": labels, "precision": precision, "set": sets, "abstain_below": abstain_below}
        given |= {"error_rate": error_rate}
        given |= {"energy": energy, "country": country}
        console.launch(number, ["predict", model, source, *console.options(**given, trust_code=trust_code)])
    if error_rate is not None:
        abstain_below = _threshold(model, error_rate, trust_code=trust_code)
    bulk.check_stdout(output)
    kept = bulk.names_of(columns)
    some: Any = (probabilities, top_k or 0, logits, best_of, bad_rows, shard_rows, shard_format, excel)
    some += (abstain_below,)
    options = _options(output, kept, *some, remotely=url is not None)
    options.check([source] if source else [])
    processes.join()
    named: dict[str, Any] = {"on": on, "task": task, "labels": labels, "sets": sets}
    named["precision"] = precision
    opener = partial(answering, source or "", options, named)
    with bulk.cluster_of(ray, model, opener, number) as elsewhere, remote.client_of(url) as client:
        if client is not None:
            opened = remote.open_remote(client, model, options, sets)
        else:
            opened = open_predictor(model, source, **named, trust_code=trust_code)
        with shared_energy.metered(request, cpu=request is None or opened.predictor.backend.on_cpu) as meter:
            if source is not None:
                shared_energy.say(meter, bulk.answer_file(opened, source, options, elsewhere))
                return
            answered = _asked(
                opened.predictor, text or [], text_pair or [], question, context or [], remotely=client is not None
            )
            shared_energy.say(meter, len(answered.rows))
    if output is None and not logits and not top_k and probabilities == "top" and abstain_below is None:
        _show(answered, opened.predictor.task)
    elif processes.first():
        bulk.write_answers(answered, opened, options)


def _check_error_rate(model: str, given: float | None, *, remotely: bool) -> None:
    """Raise a DataError where a threshold can not be taken from a Run."""
    from bertkit.errors import Parameter
    from bertkit.inference.checkpoint import names_checkpoint

    if given is not None:
        raise DataError.at(Parameter("error_rate"), "chooses --abstain-below", "leave one of them out")
    if remotely or names_checkpoint(model):
        what = "needs a Run, which knows the confidence of its validation rows"
        raise DataError.at(Parameter("error_rate"), what, "give --abstain-below a number")


def _threshold(model: str, error_rate: float, *, trust_code: bool) -> float:
    """The confidence below which a Run abstains, for a share of wrong answers."""
    from bertkit.metrics.reliability.coverage import error_interval
    from bertkit.run import Run
    from bertkit.tasks.confidence.abstention import threshold_of

    run = Run.open(model, trust_code=trust_code)
    point, rows = threshold_of(run.metrics.get("abstention", []), error_rate, str(run.metrics_file))
    if processes.first():
        low, high = error_interval(point.wrong, point.answered)
        start = f"abstaining below {point.threshold:.4g}" if point.threshold else "abstaining from none"
        console.say(
            f"{start}: of {rows:,} validation rows {point.answered / rows:.1%} are answered, {point.error:.1%} of them "
            f"wrongly (95% interval {low:.1%} to {high:.1%})"
        )
    return point.threshold


def _options(*given: Any, remotely: bool) -> BulkOptions:
    from bertkit.inference.bulk.options import BulkOptions

    if not remotely:
        return BulkOptions(*given)
    from bertkit.serve.remote import RemoteOutput

    return RemoteOutput(*given)


def _asked(
    predictor: Predictor,
    texts: list[str],
    pairs: list[str],
    question: str | None,
    contexts: list[str],
    *,
    remotely: bool,
) -> Answered:
    """The answers to what stands on the command line."""
    from bertkit.inference import ask

    if question is None:
        return ask.ask_texts(predictor, texts, pairs)
    return (remote.ask if remotely else ask.ask_question)(predictor, question, contexts)


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
