"""Panel Prepare: `bertkit corpus build | show`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bertkit.commands.shared import console, reading
from bertkit.data.corpus import defaults
from bertkit.errors import DataError, Problem
from bertkit.fs import cores

app = typer.Typer(no_args_is_help=True, help="Build and inspect pre-training corpora.")

KEYS = {
    "data.encoding": "--encoding",
    "data.encoding_errors": "--encoding-errors",
    "data.format": "--format",
    "data.columns.text": "--column",
    "data.bad_rows": "--bad-rows",
    "model.tokenizer": "--tokenizer",
}
"""Key of a recipe -> option of `build`."""
MOST_PROCESSES = 16
"""Default limit of --processes: each takes some 200 MB."""

File = Annotated[list[str], typer.Argument(metavar="FILE", help="File, folder, glob or hub:NAME#SPLIT.")]
Tokenizer = Annotated[str, typer.Option("--tokenizer", "-t", help="Folder or name of a model or tokenizer.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="A new folder, or an unfinished corpus to continue.")]
Documents = Annotated[
    Literal["empty_line", "file", "line"],
    typer.Option(metavar="WHAT", help="What separates documents in plain text: empty_line, file or line."),
]
EmptyLines = Annotated[int, typer.Option(metavar="N", help="Empty lines in a row that separate documents.")]
JoinLines = Annotated[bool, typer.Option("--join-lines", help="Join hard-wrapped lines into paragraphs.")]
SplitSentences = Annotated[
    bool,
    typer.Option(
        "--split-sentences/--whole-lines", help="Split lines into sentences, or take each line as one sentence."
    ),
]
Clean = Annotated[bool, typer.Option("--clean", help="Unicode NFC, no control characters, single spaces.")]
Deduplicate = Annotated[bool, typer.Option("--deduplicate", help="Drop documents that repeat an earlier one.")]
Pairs = Annotated[
    Literal["nsp", "sop", "none"],
    typer.Option(
        metavar="PAIRS", help="Next sentence (nsp), sentence order (sop), or packed rows without pairs (none)."
    ),
]
MaxLength = Annotated[int, typer.Option(metavar="N", help="Most tokens per row, with special tokens.")]
ShortShare = Annotated[float, typer.Option(help="Share of rows with a shorter, random target length.")]
ShortBy = Annotated[
    Literal["row", "document"],
    typer.Option(metavar="WHAT", help="Draw target lengths per row, or per document as Google does."),
]
Passes = Annotated[int, typer.Option(metavar="N", help="How often pairs are drawn from each document.")]
ValidationRatio = Annotated[float, typer.Option(help="Share of the documents for validation.")]
Seed = Annotated[int, typer.Option(help="Seed of all random choices.")]
Encoding = Annotated[str, typer.Option(help="Encoding of the files; auto: cp1252 for files that are not UTF-8.")]
EncodingErrors = Annotated[
    Literal["error", "replace"],
    typer.Option(metavar="WHAT", help="What to do with a byte that does not decode: error, or replace it by U+FFFD."),
]
Format = Annotated[str | None, typer.Option(help="text, jsonl, parquet, ...", show_default="by file ending")]
Column = Annotated[str, typer.Option(help="Column of the text in JSON lines, Parquet and the like.")]
BadRows = Annotated[Literal["error", "skip"], typer.Option(help="What to do with rows without a text.")]
Processes = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Number of processes.", show_default="one per core, at most 16"),
]


@app.command()
def build(
    file: File,
    tokenizer: Tokenizer,
    output: Output,
    documents: Documents = defaults.DOCUMENTS,
    empty_lines: EmptyLines = defaults.EMPTY_LINES,
    join_lines: JoinLines = defaults.JOIN_LINES,
    split_sentences: SplitSentences = defaults.SPLIT_SENTENCES,
    clean: Clean = defaults.CLEAN,
    deduplicate: Deduplicate = defaults.DEDUPLICATE,
    pairs: Pairs = defaults.PAIRS,
    max_length: MaxLength = defaults.MAX_LENGTH,
    short_share: ShortShare = defaults.SHORT_SHARE,
    short_by: ShortBy = defaults.SHORT_BY,
    passes: Passes = defaults.PASSES,
    validation_ratio: ValidationRatio = defaults.VALIDATION_RATIO,
    seed: Seed = defaults.SEED,
    encoding: Encoding = "utf-8",
    encoding_errors: EncodingErrors = "error",
    format: Format = None,
    column: Column = "text",
    bad_rows: BadRows = "error",
    processes: Processes = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Build a corpus: documents -> sentences -> tokens -> rows. If interrupted, run it again to continue.

    bertkit corpus build books/ -t my-tokenizer -o my-corpus --documents file
    """
    values = {
        "documents": documents, "empty_lines": empty_lines, "join_lines": join_lines,
        "split_sentences": split_sentences, "clean": clean, "deduplicate": deduplicate, "pairs": pairs,
        "max_length": max_length, "short_share": short_share, "short_by": short_by, "passes": passes,
        "validation_ratio": validation_ratio, "seed": seed,
    }  # fmt: skip
    with reading.keys_as_options(KEYS):
        from bertkit.data.corpus import corpus
        from bertkit.data.corpus.options import checked
        from bertkit.models.build import load_tokenizer
        from bertkit.recipe.schema import DataBlock, ModelBlock

        options = checked(values)
        block = DataBlock(
            encoding=encoding, encoding_errors=encoding_errors, format=format, columns={"text": column},
            bad_rows=bad_rows,
        )  # fmt: skip
        loaded = load_tokenizer(ModelBlock(tokenizer=tokenizer))
        number = processes or min(cores(), MOST_PROCESSES)
        with _progress() as progress:
            manifest = corpus.build(file, loaded, output, options, block=block, processes=number, progress=progress)
    console.table(("figure", "value"), _figures(manifest))
    console.say()
    console.say(f"bertkit corpus show {output} shows rows of it")


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Output folder of bertkit corpus build.")],
    rows: Annotated[int, typer.Option(min=0, metavar="N", help="Number of rows to show as text.")] = 3,
    split: Annotated[Literal["train", "validation"], typer.Option(help="Split to show.")] = "train",
    verify: Annotated[bool, typer.Option("--verify", help="Check the hash of every file.")] = False,
) -> None:
    """Show the manifest of a corpus, and some of its rows as text."""
    from bertkit.data.corpus.corpus import Corpus

    corpus = Corpus.open(folder, split)
    if verify and (damaged := Corpus.open(folder, "all").damaged()):
        raise DataError(*(Problem(str(folder / name), "is damaged", "build the corpus again") for name in damaged))
    options = corpus.manifest["options"]
    console.table(("figure", "value"), _figures(corpus.manifest))
    console.say()
    console.table(("option", "value"), options.items())
    console.say()
    labels = {"nsp": ("next", "random"), "sop": ("in order", "swapped"), "none": ()}[options["pairs"]]
    spread = [i * len(corpus) // rows for i in range(rows)] if len(corpus) else []
    shown = [(f"{i:,}", *_text(folder, corpus[i], labels)) for i in dict.fromkeys(spread)]
    console.table(("row", "label", "first segment", "second segment")[: 4 if labels else 3], shown)


def _text(folder: Path, row: dict[str, Any], labels: tuple[str, ...]) -> tuple[str, ...]:
    """Label and segments of a row, as text."""
    from tokenizers import Tokenizer

    from bertkit.data.corpus.corpus import TOKENIZER

    try:
        decode = Tokenizer.from_file(str(folder / TOKENIZER)).decode
    except Exception as error:  # the library raises nothing else
        reason = f"can not be used: {' '.join(str(error).split()):.200}"
        raise DataError.at(str(folder / TOKENIZER), reason, "build the corpus again") from error
    end = row["second"] or len(row["tokens"])
    segments = (row["tokens"][:end], row["tokens"][end:])[: 2 if labels else 1]
    label = labels[row["label"]] if labels else ""
    return label, *(decode(segment.tolist(), skip_special_tokens=False) for segment in segments)


def _figures(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and value of the counts of a manifest."""
    sources, read = manifest["sources"], manifest["read"]
    more = f" and {len(sources) - 3:,} more" if len(sources) > 3 else ""
    yield "sources", ", ".join(source["name"] for source in sources[:3]) + more
    for name, value in (("bytes of sources", manifest["bytes"]), *((name, read[name]) for name in read)):
        if value or name in ("documents", "sentences"):
            yield name.replace("_", " "), f"{value:,}"
    for split, counts in manifest["splits"].items():
        yield f"{split}: documents", f"{counts['documents']:,}"
        for name in ("rows", "tokens", "tokens_own", "tokens_truncated", "tokens_left_out", "sentences_cut"):
            if counts.get(name):
                yield f"{split}: {name.replace('_', ' ')}", f"{counts[name]:,}"
        for name in ("random_next", "swapped", "short_rows"):
            if counts.get(name):
                share = 100 * counts[name] / counts["rows"]
                yield f"{split}: {name.replace('_', ' ')}", f"{counts[name]:,} ({share:.1f}% of the rows)"
    yield "shards", f"{len(manifest['shards']):,}"


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar per round, with rate and time left; without a terminal, a line now and then."""
    if not sys.stderr.isatty():
        from bertkit.tasks.pretrain.rows import BuildProgress

        yield BuildProgress()
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
