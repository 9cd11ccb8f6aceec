"""What commands share that read text for themselves: how to read it, the progress by bytes, a folder to write to."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.errors import RecipeError, RunError

if TYPE_CHECKING:
    from bertkit.recipe.schema import DataBlock

Files = Annotated[
    list[str], typer.Argument(metavar="FILES", help="Files, folders or globs of text: plain, .gz, JSONL, Parquet, hub:")
]
Encoding = Annotated[
    str | None,
    typer.Option(help="Of the files; auto: UTF-8, and cp1252 for a file that is not.", show_default="utf-8"),
]
Column = Annotated[str | None, typer.Option(help="Which column holds the text.", show_default="text")]
Set = Annotated[
    list[str] | None, typer.Option("--set", "-s", metavar="data.KEY=VALUE", help="More on how to read; repeatable.")
]


def data_block(encoding: str | None, column: str | None, sets: Sequence[str] | None) -> DataBlock:
    """The `data:` block of a recipe, from a command's own options and `--set data.KEY=VALUE`."""
    from bertkit.recipe.load import build
    from bertkit.recipe.source import YamlValues, apply

    for text in sets or ():
        if not text.startswith("data."):
            what = f"{text.partition('=')[0]}: only data.KEY can be set here"
            raise RecipeError.at("--set", what, "for example --set data.format=text")
    values: dict[str, Any] = {"encoding": encoding} if encoding else {}
    source = YamlValues({"task": "classify", "data": {**values, **({"columns": {"text": column}} if column else {})}})
    apply(source, sets or ())
    return build(source).data


def new_folder(folder: Path) -> Path:
    """Raise a RunError where a folder can not be made new, before the work that it is to hold."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RunError.at("--output", f"{folder}: there is something already", "name a new folder")
    if not folder.absolute().parent.is_dir():
        raise RunError.at("--output", f"no such folder: {folder.parent}", "make it, or name another")
    return folder


@contextlib.contextmanager
def reading(words: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A function to tell how many more bytes were read: a bar with rate and time left, where someone watches."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=total)
        waiting = 0

        def advance(count: int) -> None:
            nonlocal waiting
            waiting += count
            if waiting > 2**18:  # a line at a time would cost more than the reading
                bar.advance(task, waiting)
                waiting = 0

        yield advance


class Clock:
    """Bytes of text since the start, and their rate."""

    def __init__(self) -> None:
        self.start, self.bytes = time.perf_counter(), 0

    def said(self) -> str:
        seconds = time.perf_counter() - self.start
        return f"{self.bytes / 1e6:,.1f} MB of text in {seconds:,.1f} s ({self.bytes / 1e6 / seconds:,.1f} MB/s)"
