"""Panel Prepare: `bertkit corpus build | show`."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bertkit.commands import console
from bertkit.errors import BertkitError, DataError, Problem
from bertkit.fs import cores

app = typer.Typer(no_args_is_help=True, help="Make texts into rows to pre-train on, and look at them.")

WORDS = {"data.encoding": "--encoding", "data.format": "--format", "data.columns.text": "--column"} | {
    "data.bad_rows": "--bad-rows",
    "model.tokenizer": "--tokenizer",
}
"""Key of a recipe -> the option here that says the same."""
MOST_PROCESSES = 16
"""As many are started at most where nothing is said: each takes some 200 MB."""


@app.command()
def build(
    file: Annotated[list[str], typer.Argument(metavar="FILE", help="File, folder, glob or hub:NAME#SPLIT.")],
    tokenizer: Annotated[str, typer.Option("--tokenizer", "-t", help="Folder or name of a model or tokenizer.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder; an unfinished one is gone on with.")],
    documents: Annotated[
        Literal["empty_line", "file", "line"], typer.Option(help="What ends a document of a plain text.")
    ] = "empty_line",
    empty_lines: Annotated[int, typer.Option(metavar="N", help="So many empty lines in a row end it.")] = 1,
    join_lines: Annotated[bool, typer.Option("--join-lines", help="Lines are hard-wrapped: join them.")] = False,
    split_sentences: Annotated[bool, typer.Option(help="No: each line is a sentence as it stands.")] = True,
    clean: Annotated[bool, typer.Option("--clean", help="Unicode NFC, no control characters, single spaces.")] = False,
    deduplicate: Annotated[bool, typer.Option("--deduplicate", help="Drop documents that repeat another.")] = False,
    pairs: Annotated[
        Literal["nsp", "sop", "none"], typer.Option(help="Next sentences, sentence order, or packed rows.")
    ] = "nsp",
    max_length: Annotated[int, typer.Option(metavar="N", help="Tokens of a row, special ones included.")] = 128,
    short_share: Annotated[float, typer.Option(help="Share of rows that aim at a shorter length.")] = 0.1,
    short_by: Annotated[
        Literal["row", "document"], typer.Option(help="What a short length is drawn for; document is Google's.")
    ] = "row",
    passes: Annotated[int, typer.Option(metavar="N", help="Pairs of each document are made so often.")] = 1,
    validation_ratio: Annotated[float, typer.Option(help="Share of the documents that validates.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Decides all that is left to chance.")] = 42,
    encoding: Annotated[str, typer.Option(help="Of the texts; auto: cp1252 where a file is not UTF-8.")] = "utf-8",
    format: Annotated[
        str | None, typer.Option(help="text, jsonl, parquet, ..., where the ending does not tell.")
    ] = None,
    column: Annotated[str, typer.Option(help="Column of the texts in JSON lines, Parquet and the like.")] = "text",
    bad_rows: Annotated[Literal["error", "skip"], typer.Option(help="What to do with a row without a text.")] = "error",
    processes: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="They change nothing in the result.", show_default="all cores"),
    ] = None,
) -> None:
    """Documents -> sentences -> tokens -> rows, with a manifest. Killed, the same command goes on.

    bertkit corpus build books/ --tokenizer my-tokenizer --output my-corpus --documents file --join-lines
    """
    with _in_options_of_the_command():
        from bertkit.data.corpus import corpus
        from bertkit.models.build import load_tokenizer
        from bertkit.recipe.schema import DataBlock, ModelBlock

        given = {name: value for name, value in locals().items() if name in corpus.CorpusOptions.model_fields}
        options = _checked(corpus.CorpusOptions, given)
        block = DataBlock(encoding=encoding, format=format, columns={"text": column}, bad_rows=bad_rows)
        cutter = load_tokenizer(ModelBlock(tokenizer=tokenizer))
        number = processes or min(cores(), MOST_PROCESSES)
        with _progress() as progress:
            manifest = corpus.build(file, cutter, output, options, block=block, processes=number, progress=progress)
    console.table(("what", "value"), _figures(manifest))
    typer.echo(f"\nbertkit corpus show {output} shows rows of it")


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What bertkit corpus build wrote.")],
    rows: Annotated[int, typer.Option(min=0, metavar="N", help="So many rows are shown as text.")] = 3,
    split: Annotated[Literal["train", "validation"], typer.Option(help="Which rows.")] = "train",
    verify: Annotated[bool, typer.Option("--verify", help="Read every byte and compare it with its hash.")] = False,
) -> None:
    """The manifest of a corpus as a table, and some of its rows as text."""
    from bertkit.data.corpus.corpus import Corpus

    corpus = Corpus.open(folder, split)
    if verify and (damaged := Corpus.open(folder, "all").damaged()):
        raise DataError(*(Problem(str(folder / name), "is damaged", "build the corpus again") for name in damaged))
    options = corpus.manifest["options"]
    console.table(("what", "value"), _figures(corpus.manifest))
    typer.echo()
    console.table(("option", "value"), options.items())
    typer.echo()
    names = {"nsp": ("next", "random"), "sop": ("in order", "swapped"), "none": ()}[options["pairs"]]
    spread = [i * len(corpus) // rows for i in range(rows)] if len(corpus) else []
    shown = [(f"{i:,}", *_text(folder, corpus[i], names)) for i in dict.fromkeys(spread)]
    console.table(("row", "label", "first segment", "second segment")[: 4 if names else 3], shown)


def _text(folder: Path, row: dict[str, Any], names: tuple[str, ...]) -> tuple[str, ...]:
    from tokenizers import Tokenizer

    from bertkit.data.corpus.corpus import TOKENIZER

    decode = Tokenizer.from_file(str(folder / TOKENIZER)).decode
    cut = row["second"] or len(row["tokens"])
    segments = (row["tokens"][:cut], row["tokens"][cut:])[: 2 if names else 1]
    label = names[row["label"]] if names else ""
    return label, *(decode(segment.tolist(), skip_special_tokens=False) for segment in segments)


def _figures(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The counts of a manifest, in words."""
    sources, read = manifest["sources"], manifest["read"]
    more = f" and {len(sources) - 3:,} more" if len(sources) > 3 else ""
    yield "sources", ", ".join(source["name"] for source in sources[:3]) + more
    for name, value in (("bytes of sources", manifest["bytes"]), *((name, read[name]) for name in read)):
        if value or name in ("documents", "sentences"):
            yield name.replace("_", " "), f"{value:,}"
    for split, told in manifest["splits"].items():
        yield f"{split}: documents", f"{told['documents']:,}"
        for name in ("rows", "tokens", "tokens_own", "tokens_truncated", "tokens_left_out", "sentences_cut"):
            if told.get(name):
                yield f"{split}: {name.replace('_', ' ')}", f"{told[name]:,}"
        for name in ("random_next", "swapped", "short_rows"):
            if told.get(name):
                share = 100 * told[name] / told["rows"]
                yield f"{split}: {name.replace('_', ' ')}", f"{told[name]:,} ({share:.1f}% of the rows)"
    yield "shards", f"{len(manifest['shards']):,}"


def _checked(kind: Any, values: dict[str, Any]) -> Any:
    """The options as their own record, or a DataError that names those that can not be."""
    from pydantic import ValidationError

    try:
        return kind(**values)
    except ValidationError as error:
        problems = []
        for each in error.errors():
            name, what = str(each["loc"][0]) if each["loc"] else "", each["msg"].removeprefix("Value error, ")
            if not name:
                name, _, what = what.partition(": ")
            problems.append(Problem("--" + name.replace("_", "-"), f"{what[:1].lower()}{what[1:]}"))
        raise DataError(*problems) from error


@contextlib.contextmanager
def _in_options_of_the_command() -> Iterator[None]:
    """What is said in keys of a recipe, said in options of this command."""
    try:
        yield
    except BertkitError as error:
        raise type(error)(*(Problem(_said(p.key), _said(p.reason), _said(p.remedy)) for p in error.problems)) from error


def _said(text: str) -> str:
    for key, option in WORDS.items():
        text = re.sub(rf"--set '?{re.escape(key)}=([^\s']*)'?", rf"{option} \1", text)
        text = re.sub(rf"\b{re.escape(key)}\b", option, text)
    return text


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each round, with rate and time left; in a log a line now and then."""
    if not sys.stderr.isatty():
        from bertkit.tasks.pretrain.rows import Progress as Lines

        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, rate="")
            task = next(task for task in bar.tasks if task.id == tasks[what])
            speed = task.speed or 0.0
            rate = f"{speed / 1e6:.1f} MB/s" if what == "reading" else f"{speed:.1f} parts/s"
            bar.update(tasks[what], completed=done, total=total, rate=rate)

        yield progress
