"""Panel Use: `bertkit embed`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit import processes
from bertkit.commands.shared import bulk, console
from bertkit.errors import DataError

if TYPE_CHECKING:
    from bertkit.commands.shared.predictor import Opened
    from bertkit.inference.bulk.answering import Answering
    from bertkit.inference.bulk.options import VectorOutput

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A Run, or an encoder: a folder or hub name.")]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        help="A .parquet, .npy or .jsonl file, or a folder/ of such; - prints JSON lines.",
        show_default="-",
    ),
]
Text = Annotated[list[str] | None, typer.Option("--text", "-t", help="A text in place of INPUT; repeatable.")]
Pooling = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="mean, cls, max, mean_sqrt_len_tokens or weightedmean of a text's tokens.",
        show_default="the model's, else mean",
        autocompletion=lambda: ["mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean"],
    ),
]
Layer = Annotated[
    int | None, typer.Option(metavar="N", help="Layer to take: -1 the last, -2 the last but one.", show_default="-1")
]
Normalize = Annotated[
    bool | None,
    typer.Option("--normalize/--no-normalize", help="Scale to length 1.", show_default="as the model, else yes"),
]
Dimensions = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Keep the first N: for Matryoshka models.", show_default="all"),
]
Prompt = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Which of the model's prompts stands before each text: query.", show_default="none"
    ),
]
Numbers = Annotated[
    str,
    typer.Option(
        "--dtype",
        metavar="TYPE",
        help="Numbers to write: float32, float16, int8, or binary, of one bit each.",
        autocompletion=lambda: ["float32", "float16", "int8", "binary"],
    ),
]
LongText = Annotated[
    str | None,
    typer.Option(
        metavar="windows|cut",
        help="Of texts longer than the model's limit: mean of their windows, or their beginning alone.",
        show_default="windows",
        autocompletion=lambda: ["windows", "cut"],
    ),
]
MaxLength = Annotated[
    int | None, typer.Option(min=4, metavar="N", help="Most tokens of a window.", show_default="the model's")
]
ShardFormat = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help="Format of the shards.", show_default="parquet")
]


def embed(
    model: Model,
    source: bulk.Source = None,
    output: Output = None,
    text: Text = None,
    pooling: Pooling = None,
    layer: Layer = None,
    normalize: Normalize = None,
    dimensions: Dimensions = None,
    prompt: Prompt = None,
    dtype: Numbers = "float32",
    long_text: LongText = None,
    max_length: MaxLength = None,
    columns: bulk.Columns = None,
    bad_rows: bulk.BadRowsMode = None,
    shard_rows: bulk.ShardRows = None,
    shard_format: ShardFormat = None,
    precision: console.Precision = "float32",
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
    ray: bulk.Ray = None,
) -> None:
    """Turn texts into vectors: one per row of a file of any size, for search, clustering or a classifier.

    bertkit embed runs/mine texts.csv --output vectors.parquet

    bertkit embed BAAI/bge-small-en-v1.5 texts.txt --output vectors.npy

    A column of another name, and one byte per number:

    bertkit embed runs/mine a.csv -s data.columns.text=body --dtype int8 -o a.npy

    Killed, the same command goes on. A folder of files, each of 100,000 rows:

    bertkit embed runs/mine 'logs/*.jsonl.gz' --output vectors/
    """
    if (source is None) == (not text):
        raise DataError.at(
            "embed", "expected one of INPUT and --text", "bertkit embed MODEL new.csv -o vectors.parquet"
        )
    options: dict[str, Any] = {"pooling": pooling, "layer": layer, "normalize": normalize, "dimensions": dimensions}
    options |= {"prompt": prompt, "long_text": long_text, "max_length": max_length}
    if ray is not None:
        bulk.check_ray(source, output)
    elif number > 1:
        bulk.check_processes(source)
        given = {**options, "normalize": normalize is True, "no_normalize": normalize is False}
        given |= {"output": output, "dtype": dtype, "columns": columns, "bad_rows": bad_rows, "set": sets}
        given |= {"shard_rows": shard_rows, "format": shard_format, "trust_code": trust_code}
        given["precision"] = precision
        console.launch(number, ["embed", model, source, *console.options(**given)])
    from bertkit.inference.bulk.options import VectorOutput

    bulk.check_stdout(output)
    some: Any = {"bad_rows": bad_rows, "dtype": dtype}
    written = VectorOutput(output, bulk.names_of(columns), shard_rows=shard_rows, format=shard_format, **some)
    written.check([source] if source else [])
    processes.join()
    opener = partial(_answering, source or "", written, options, sets, precision)
    with bulk.cluster_of(ray, model, opener, number) as elsewhere:
        opened = _open(model, options, sets, precision, trust_code=trust_code)
        if source is not None:
            bulk.answer_file(opened, source, written, elsewhere)
            return
    if processes.first():
        _answer_texts(opened, text or [], written)


def _open(model: str, options: dict[str, Any], sets: list[str] | None, precision: Any, *, trust_code: bool) -> Opened:
    from bertkit.commands.shared.predictor import LABELLED, NOT_READ, Opened
    from bertkit.inference.vectors import open_embedder

    console.unused(sets, *NOT_READ, LABELLED, beside="embed: it reads every row, without labels")
    changes: Any = options
    allowed = console.only(sets, "data", "options")
    return Opened(*open_embedder(model, changes, allowed, precision=precision, trust_code=trust_code))


def _answering(
    source: str, written: VectorOutput, options: dict[str, Any], sets: list[str] | None, precision: str, model: str
) -> Answering:
    """What answers the rows of an input, in another process, whose user has allowed its code already."""
    from bertkit.inference.bulk.output import answering_of

    opened = _open(model, options, sets, precision, trust_code=True)
    return answering_of(opened.predictor, source, written.block(opened.block), written)


def _answer_texts(opened: Opened, texts: list[str], written: VectorOutput) -> None:
    """Print or write the vectors of texts from the command line."""
    from bertkit.inference.ask import Answered
    from bertkit.inference.vectors import answer

    answers, task = answer(opened.predictor, texts), opened.predictor.task
    if written.output is None and written.dtype == "float32":
        console.table(("text", "vector"), zip(texts, map(task.to_text, answers), strict=True))
        return
    bulk.write_answers(Answered([{"text": text} for text in texts], answers), opened, written)
