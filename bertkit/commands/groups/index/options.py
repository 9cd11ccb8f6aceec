"""Options that several commands of `bertkit index` have, and what they open."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bertkit.errors import DataError, Parameter

if TYPE_CHECKING:
    from bertkit.search.feedback import Rocchio
    from bertkit.search.index.index import Index

Address = Annotated[str, typer.Argument(metavar="INDEX", help="A folder, or an address: s3://bucket/path.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", help="A Run with vectors, or an encoder: a folder or hub name.", show_default="the index's"
    ),
]
By = Annotated[
    Literal["vectors", "words", "hybrid"],
    typer.Option(metavar="HOW", help="vectors, words (BM25), or hybrid: both, fused by rank."),
]
Where = Annotated[
    str | None, typer.Option(metavar="CONDITION", help='SQL over the documents\' columns: "year >= 2020".')
]
Rerank = Annotated[
    str | None, typer.Option("--rerank", metavar="RUN", help="Order the first documents by a re-ranker.")
]
Depth = Annotated[int, typer.Option("--depth", min=1, metavar="N", help="Documents to fuse, and to re-rank.")]
Output = Annotated[str | None, typer.Option("--output", "-o", help="A .jsonl file; - prints JSON lines.")]


def rocchio(text: str) -> Rocchio:
    """The weights of `1,0.75,0.15`."""
    from bertkit.search.feedback import Rocchio

    try:
        query, liked, disliked = (float(part) for part in text.split(","))
    except ValueError as error:
        raise DataError.at(Parameter("weights"), f"{text}: expected three numbers", "as in 1,0.75,0.15") from error
    weights = Rocchio(query, liked, disliked)
    weights.check()
    return weights


def open_index(address: str, model: str | None, trust_code: bool) -> Index:
    from bertkit.search.index.index import Index

    return Index.open(address, model=model, trust_code=trust_code)


def open_reranker(name: str, trust_code: bool) -> Any:
    from bertkit.commands.shared.predictor import open_predictor
    from bertkit.run import Run
    from bertkit.search.reranking import check_reranker

    task = None if Run(name).is_begun else "rerank"
    opened = open_predictor(name, None, on=None, task=task, labels=None, sets=None, trust_code=trust_code)
    check_reranker(opened.predictor, name)
    return opened.predictor


def one_writer(address: str) -> Any:
    """The lock of a folder; LanceDB orders the commits at an address."""
    from bertkit.files import lock
    from bertkit.fs import is_remote

    return contextlib.nullcontext() if is_remote(address) else lock.one_writer(Path(address))


def check_lines(output: str | None) -> None:
    """Raise a DataError for an output that can not take JSON lines."""
    from bertkit.commands.shared import bulk
    from bertkit.fs import check_output

    bulk.check_stdout(output)
    check_output(None if output in (None, "-") else Path(str(output)), endings=(".jsonl",))


def write_lines(rows: list[dict[str, Any]], output: str) -> None:
    """Write JSON lines."""
    from bertkit.inference import files

    files.write(rows, output, files.format_of(".jsonl"))
