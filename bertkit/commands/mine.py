"""Panel Prepare: `bertkit mine`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.commands.shared import console
from bertkit.commands.shared.predictor import open_predictor
from bertkit.errors import DataError, Parameter
from bertkit.warn import warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertkit.recipe.schema import DataBlock
    from bertkit.search.mining import Mined, TextPair

ENDINGS = (".jsonl", ".csv", ".tsv", ".parquet")


def mine(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="A Run with vectors, a model of sentence-transformers, or an encoder."),
    ],
    pairs: Annotated[str, typer.Argument(metavar="PAIRS", help="Rows with the columns text and positive.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A .jsonl, .csv, .tsv or .parquet file of triplets.")
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option(help="Rows with a column text to take negatives from.", show_default="the positives of PAIRS"),
    ] = None,
    negatives: Annotated[int, typer.Option("--negatives", min=1, metavar="N", help="Negatives for each row.")] = 1,
    first: Annotated[int, typer.Option("--from", min=1, metavar="RANK", help="Rank of the nearest candidate.")] = 1,
    last: Annotated[int, typer.Option("--to", min=1, metavar="RANK", help="Rank of the farthest candidate.")] = 100,
    margin: Annotated[
        float,
        typer.Option("--margin", metavar="SHARE", help="How far below the positive's cosine a negative's must be."),
    ] = 0.05,
    lists: Annotated[
        bool, typer.Option("--lists", help="One row per pair, with a list of negatives. Default: a row per negative.")
    ] = False,
    suspicious: Annotated[
        Path | None,
        typer.Option("--suspicious", metavar="FILE", help="Where to write candidates as near as the positive."),
    ] = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Find hard negatives for pairs of a text and its positive, to train vectors with.

    bertkit mine runs/vectors pairs.csv --output triplets.jsonl

    A negative is near the text, but not as near as the positive: its cosine is below (1 - margin) times that of the
    positive. Nearer candidates may be right answers; look at them with --suspicious FILE.
    """
    from bertkit.fs import check_output
    from bertkit.search.mining import MiningOptions
    from bertkit.search.mining import mine as work
    from bertkit.search.vectors import check_vectors

    options = MiningOptions(negatives, first, last, margin)
    options.check()
    if output is None:
        raise DataError.at("--output", "missing", "name a file: --output triplets.jsonl")
    inputs = [name for name in (pairs, corpus) if name]
    for name, file in (("output", output), ("suspicious", suspicious)):
        _check_new(name, file)
        check_output(file, endings=ENDINGS, inputs=inputs, option=name)
    if suspicious and suspicious.resolve() == output.resolve():
        raise DataError.at(Parameter("suspicious"), f"{suspicious}: is the file of --output", "name another file")
    opened = open_predictor(model, pairs, **_named(model), sets=sets, trust_code=trust_code)
    check_vectors(opened.predictor, model)
    unread = {column.name for column in opened.predictor.task.columns}
    rows = read_pairs(pairs, opened.block, unread)
    texts = read_texts(corpus, opened.block, unread) if corpus else []
    mined = work(rows, texts, opened.predictor, options, console.progress)
    _write(rows, mined, output, suspicious, lists=lists, wanted=negatives)


def _named(model: str) -> dict[str, Any]:
    """What `open_predictor` is told of a model that is not a Run."""
    from bertkit.run import Run

    return {"on": None, "task": None if Run(model).is_begun else "embed", "labels": None}


def _check_new(name: str, file: Path | None) -> None:
    if file is not None and file.is_file():
        raise DataError.at(Parameter(name), f"{file}: exists already", "name another file, or remove it")


def read_pairs(source: str, block: DataBlock, unread: set[str]) -> Sequence[TextPair]:
    """The pairs of a file.

    Args:
        unread: columns that a Run may name and that are not read here.

    Raises:
        DataError: no such file, a missing column, or rows that can not be used.
    """
    from bertkit.data.columns.column import Column
    from bertkit.search.mining import TextPair

    rows = _load(source, (Column("text", "text"), Column("positive", "text")), block, unread)
    return [TextPair(*pair) for pair in zip(rows["text"][:], rows["positive"][:], strict=True)]


def read_texts(source: str, block: DataBlock, unread: set[str]) -> Sequence[str]:
    """The texts of a file; as `read_pairs`."""
    from bertkit.data.columns.column import Column

    texts: Sequence[str] = _load(source, (Column("text", "text"),), block, {*unread, "positive"})["text"][:]
    return texts


def _load(source: str, columns: Any, block: DataBlock, unread: set[str]) -> Any:
    from bertkit.data.dataset import load

    own = {column.name for column in columns}
    known = {name: place for name, place in block.columns.items() if name in own or name not in unread}
    return load([source], columns, block.model_copy(update={"columns": known}))


def _write(
    rows: Sequence[TextPair], mined: Mined, output: Path, suspicious: Path | None, *, lists: bool, wanted: int
) -> None:
    from bertkit.inference import files

    triplets: list[dict[str, Any]] = []
    for pair, negatives in zip(rows, mined.negatives, strict=True):
        if lists and negatives:
            triplets.append({**pair._asdict(), "negatives": negatives})
        elif not lists:
            triplets += [{**pair._asdict(), "negative": negative} for negative in negatives]
    if not triplets:
        todo = "take more of the nearest: a lower --from, a higher --to, a lower --margin"
        raise DataError.at(Parameter("pairs"), f"all {len(rows):,} rows are without a negative", todo)
    files.write(triplets, str(output), _format(output))
    if suspicious and mined.suspicious:
        files.write(mined.suspicious, str(suspicious), _format(suspicious))
    if without := sum(not negatives for negatives in mined.negatives):
        warn(f"rows without a negative, which are left out: {without:,} of {len(rows):,}")
    if few := sum(0 < len(negatives) < wanted for negatives in mined.negatives):
        warn(f"rows with fewer than {wanted} negatives: {few:,} of {len(rows):,}")
    console.say(f"{len(triplets):,} rows: {output}")
    near = f"suspicious candidates, as near to a text as its positive: {len(mined.suspicious):,}"
    console.say(f"{near}: {suspicious}" if suspicious and mined.suspicious else near)


def _format(file: Path) -> Any:
    from bertkit.inference.files import format_of

    return format_of(file.suffix, separator=None)
