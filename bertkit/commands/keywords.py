"""Panel Use: `bertkit keywords`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit import processes
from bertkit.commands.shared import bulk, console
from bertkit.errors import DataError

if TYPE_CHECKING:
    from bertkit.commands.shared.predictor import Opened
    from bertkit.search.keywords.extract import KeywordOptions
    from bertkit.search.keywords.output import KeywordOutput

Model = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", help="A Run with vectors, a model of sentence-transformers, or an encoder.", show_default=False
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        help="A .jsonl, .csv, .tsv or .parquet file, or a folder/; - prints JSON lines.",
        show_default="-",
    ),
]
Text = Annotated[list[str] | None, typer.Option("--text", "-t", help="A text in place of INPUT; repeatable.")]
Top = Annotated[int, typer.Option("--top", metavar="N", help="Most keywords of a text.")]
Ngram = Annotated[int, typer.Option("--ngram", metavar="N", help="Most words of a keyword.")]
Diversity = Annotated[
    float,
    typer.Option(
        "--diversity", metavar="0..1", help="0 takes the most relevant phrases, 1 those least like each other."
    ),
]
Prompt = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Which of the model's prompts stands before texts and phrases.", show_default="none"
    ),
]
ShardFormat = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help="Format of the shards.", show_default="jsonl")
]


def keywords(
    source: bulk.Source = None,
    model: Model = None,
    output: Output = None,
    text: Text = None,
    top: Top = 5,
    ngram: Ngram = 3,
    diversity: Diversity = 0.2,
    prompt: Prompt = None,
    columns: bulk.Columns = None,
    bad_rows: bulk.BadRowsMode = None,
    shard_rows: bulk.ShardRows = None,
    shard_format: ShardFormat = None,
    precision: console.Precision = "float32",
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
) -> None:
    """Find the phrases of texts that say what they are about, with the places where they stand.

    bertkit keywords texts.csv --model runs/vectors -o keywords.jsonl

    A column of another name, and ten phrases per text:

    bertkit keywords a.csv -m runs/vectors -s data.columns.text=body --top 10

    For English and Chinese. Killed, the same command goes on.
    """
    if (source is None) == (not text):
        raise DataError.at(
            "keywords", "expected one of INPUT and --text", "bertkit keywords texts.csv -m MODEL -o keywords.jsonl"
        )
    if not model:
        todo = "a Run of bertkit train embed, or a model of sentence-transformers"
        raise DataError.at("--model", "missing", f"name {todo}")
    if number > 1:
        bulk.check_processes(source)
        given: dict[str, Any] = {"model": model, "output": output, "top": top, "ngram": ngram, "diversity": diversity}
        given |= {"prompt": prompt, "columns": columns, "bad_rows": bad_rows, "shard_rows": shard_rows}
        given |= {"format": shard_format, "precision": precision, "set": sets, "trust_code": trust_code}
        console.launch(number, ["keywords", source, *console.options(**given)])
    from bertkit.search.keywords.extract import KeywordOptions
    from bertkit.search.keywords.output import KeywordOutput

    options = KeywordOptions(top, ngram, diversity)
    options.check()
    bulk.check_stdout(output)
    mode: Any = bad_rows
    written = KeywordOutput(
        output, bulk.names_of(columns), bad_rows=mode, shard_rows=shard_rows, format=shard_format, keywords=options
    )
    written.check([source] if source else [])
    processes.join()
    opened = _open(model, options, {"prompt": prompt}, sets, precision, trust_code=trust_code)
    if source is not None:
        bulk.answer_file(opened, source, written, None)
    elif processes.first():
        _answer_texts(opened, text or [], written)


def _open(
    model: str, options: KeywordOptions, changes: Any, sets: list[str] | None, precision: Any, *, trust_code: bool
) -> Opened:
    from bertkit.commands.shared.predictor import LABELLED, NOT_READ, Opened
    from bertkit.inference.vectors import open_embedder
    from bertkit.search.keywords.extract import KeywordPredictor
    from bertkit.search.keywords.words import chinese_cut
    from bertkit.search.vectors import check_vectors

    console.unused(sets, *NOT_READ, LABELLED, beside="keywords: it reads every row, without labels")
    allowed = console.only(sets, "data", "options")
    found = open_embedder(model, changes, allowed, precision=precision, trust_code=trust_code)
    check_vectors(found.predictor, model)
    return Opened(KeywordPredictor(found.predictor, options, chinese_cut()), found.block, found.run)


def _answer_texts(opened: Opened, texts: list[str], written: KeywordOutput) -> None:
    """Print or write the keywords of texts from the command line."""
    from bertkit.inference.ask import Answered

    answers = opened.predictor.predict(texts)
    if written.output is not None:
        bulk.write_answers(Answered([{"text": text} for text in texts], answers), opened, written)
        return
    lines = [
        (text, one["phrase"], f"{one['score']:.3f}", ", ".join(f"{start}-{end}" for start, end in one["offsets"]))
        for text, answer in zip(texts, answers, strict=True)
        for one in answer["keywords"]
    ]
    skip = len(texts) == 1
    console.table(("text", "phrase", "score", "places")[skip:], [line[skip:] for line in lines])
