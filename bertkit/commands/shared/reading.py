"""Shared by commands that read text: options, keys of errors shown as options, progress by bytes, output folders."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.errors import BertkitError, Problem, RecipeError, RunError

if TYPE_CHECKING:
    from bertkit.recipe.schema import DataBlock

Files = Annotated[
    list[str], typer.Argument(metavar="FILES", help="Files, folders or globs of text: plain, .gz, JSONL, Parquet, hub:")
]
Encoding = Annotated[
    str | None,
    typer.Option(help="Encoding; auto: cp1252 for files that are not UTF-8.", show_default="utf-8"),
]
Column = Annotated[str | None, typer.Option(help="Column of the text.", show_default="text")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="data.KEY=VALUE", help="Any other option for reading; repeatable."),
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


@contextlib.contextmanager
def keys_as_options(options: Mapping[str, str]) -> Iterator[None]:
    """Show the keys in errors as options of the command: `data.encoding` as `--encoding`.

    Args:
        options: key of a recipe -> option or argument of the command.
    """
    try:
        yield
    except BertkitError as error:
        raise type(error)(*(with_options(problem, options) for problem in error.problems)) from error


def with_options(problem: Problem, options: Mapping[str, str]) -> Problem:
    """A problem with options of the command in place of keys (see `keys_as_options`)."""
    problem = replace(problem, key=options.get(problem.key, problem.key))
    if problem.setting is None or problem.setting.key not in options:
        return problem
    option = options[problem.setting.key]
    if not option.startswith("-"):  # an argument: the problem's key names it already
        return replace(problem, setting=None)
    typed = f"{option} {shlex.quote(str(problem.setting.value))}"
    return replace(problem, remedy=f"{problem.remedy}: {typed}" if problem.remedy else typed, setting=None)


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Hold a new folder during the work: no other process can use it.

    Raises:
        RunError: it is not empty, in use by another process, or its parent does not exist.
    """
    from bertkit.files.lock import is_free, one_writer

    if not folder.absolute().parent.is_dir():
        raise RunError.at("--output", f"no such folder: {folder.parent}", "create it, or name another")
    if not is_free(folder):
        raise RunError.at("--output", f"{folder}: not empty", "name a new folder")
    with one_writer(folder):
        if not is_free(folder):  # another process has ended just now
            raise RunError.at("--output", f"{folder}: not empty", "name a new folder")
        yield


@contextlib.contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A function to call with the bytes read since its last call: a bar with rate and time left, on a terminal."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        waiting = 0

        def advance(count: int) -> None:
            nonlocal waiting
            waiting += count
            if waiting > 2**18:  # updating for each line would take longer than reading
                bar.advance(task, waiting)
                waiting = 0

        yield advance


class Throughput:
    """Bytes of text since the start, and their rate."""

    def __init__(self) -> None:
        self.start, self.bytes = time.perf_counter(), 0

    def __str__(self) -> str:
        seconds = time.perf_counter() - self.start
        return f"{self.bytes / 1e6:,.1f} MB of text in {seconds:,.1f} s ({self.bytes / 1e6 / seconds:,.1f} MB/s)"
