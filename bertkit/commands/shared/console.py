"""Shared by all commands: common options, tables and progress bars."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any

import typer

from bertkit import trust
from bertkit.commands.shared import completion
from bertkit.display import figure, interval, visible
from bertkit.display import line as one_line
from bertkit.errors import DataError, RecipeError
from bertkit.progress import Pace, per_second

COLOURS = ("green", "magenta", "cyan", "yellow", "blue", "red")
closed: set[str] = set()
"""Standard streams that were closed when the program began."""
NUMBERS = ("value", "rows", "labelled", "predicted", "bytes")
"""Columns that are aligned to the right."""

Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        help="Change a key of the recipe; repeatable.",
        autocompletion=completion.settings,
    ),
]
Processes = Annotated[
    int,
    typer.Option("--processes", min=1, metavar="N", help="Number of processes on this machine, usually one per GPU."),
]
Precision = Annotated[
    str,
    typer.Option(
        metavar="float32|bf16|fp16",
        help="Numbers that the encoder computes with.",
        autocompletion=lambda: ["float32", "bf16", "fp16"],
    ),
]


def _trust(context: typer.Context, trust_code: bool) -> bool:
    """Allow code for as long as the command runs."""
    context.with_resource(trust.given(trust_code))
    return trust_code


TrustCode = Annotated[
    bool,
    typer.Option(
        "--trust-code",
        callback=_trust,
        help="Allow code that came with the Run, model, tokenizer or metric, and remember it.",
    ),
]


def only(sets: Sequence[str] | None, *blocks: str) -> Sequence[str]:
    """The `--set` of a command that uses a finished Run, where only these blocks of its recipe can be changed.

    Raises:
        RecipeError: a key of another block, which would have no effect.
    """
    for text in sets or ():
        key = text.partition("=")[0].strip()
        if key.partition(".")[0] not in blocks:
            what = f"{key}: a Run is used as it was trained"
            raise RecipeError.at("--set", what, f"keys that can be set: {', '.join(blocks)}")
    return sets or ()


def unused(sets: Sequence[str] | None, *keys: str, beside: str) -> None:
    """Raise a RecipeError where `--set` sets one of these keys, which have no effect beside an option or command."""
    for text in sets or ():
        key = text.partition("=")[0].strip()
        if any(key == one or key.startswith(f"{one}.") for one in keys):
            raise RecipeError.at("--set", f"{key}: has no effect beside {beside}", "leave one of them out")


def launch(number: int, command: Sequence[Any]) -> None:
    """Run a command line in several processes, and exit with its code."""
    from bertkit import processes

    raise typer.Exit(processes.launch(number, list(map(str, command))))


def options(**values: Any) -> list[Any]:
    """Options as they stand on a command line: `options(data=["a", "b"], trust_code=True, on=None)` gives
    `["--data", "a", "--data", "b", "--trust-code"]`."""
    parts: list[Any] = []
    for name, value in values.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            parts.append(option)
        elif value is not None and value is not False:
            for one in value if isinstance(value, list) else [value]:
                parts += [option, one]
    return parts


def say(text: str = "", *, err: bool = False) -> None:
    """Print a line, of which strangers may have written parts."""
    with printing():
        typer.echo(visible(text), err=err)


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """Raise a DataError where standard output can not be written, as on a full disk.

    A reader that went away (`| head`) is no mistake: Typer ends the command.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        with contextlib.suppress(OSError, ValueError):  # else Python reports it once more when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        reason = f"can not be written: {error.strerror}"
        raise DataError.at("standard output", reason, "free some space, or use --output") from error


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table on standard output: ruled on a terminal, else plain columns."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    drawn = Table(box=box.SIMPLE_HEAD if console.is_terminal else None)
    for name in header:
        drawn.add_column(Text(one_line(name)), justify="right" if name in NUMBERS else "left", no_wrap=name in NUMBERS)
    for row in rows:
        drawn.add_row(*(Text(one_line(str(cell))) for cell in row))  # so that [brackets] in a text are not markup
    if not console.is_terminal:
        console = Console(width=10_000)  # no line breaks in a log
    with printing():
        console.print(drawn)


def in_colour() -> bool:
    """Whether standard output is a terminal with colours (see no-color.org)."""
    from rich.console import Console

    console = Console()
    return console.is_terminal and not console.no_color


def marked(texts: Iterable[Iterable[tuple[str, str, float]]]) -> None:
    """Print texts, one per line, with the kind and confidence of each marked part: `[Berlin LOC 0.97]`.

    Args:
        texts: parts as `(text, kind, confidence)`; an empty kind: not marked. Kinds are coloured in the order of their
            first occurrence; the seventh has the first colour again.
    """
    from rich.console import Console
    from rich.text import Text

    colours: dict[str, str] = {}
    for parts in texts:
        line = Text()
        for text, kind, confidence in parts:
            if kind:
                colour = colours.setdefault(kind, COLOURS[len(colours) % len(COLOURS)])
                line.append(f"[{visible(text)} {visible(kind)} {confidence:.2f}]", colour)
            else:
                line.append(visible(text))
        with printing():
            Console().print(line, soft_wrap=True)


def scores(splits: dict[str, dict[str, float | None]], intervals: dict[str, Any]) -> None:
    """A table of figures: split, figure, value, interval."""
    rows = []
    for split, figures in splits.items():
        for name, value in figures.items():
            rows.append((split, name, figure(value), interval(intervals.get(split, {}).get(name))))
    table(("split", "figure", "value", "95% interval"), rows)


def error_kinds(splits: dict[str, dict[str, dict[str, Any]]]) -> None:
    """A table of the kinds of errors that occur (`Task.error_kinds`), with one example each; nothing where none do."""
    rows = []
    for split, kinds in splits.items():
        for kind, errors in kinds.items():
            if errors["gold"] or errors["predicted"]:
                first: dict[str, Any] = next(iter(errors["examples"]), {})
                example = " -> ".join(first.get(side) or "nothing" for side in ("gold", "predicted")) if first else ""
                rows.append((split, kind, errors["gold"], errors["predicted"], example))
    if rows:
        table(("split", "kind of error", "labelled", "predicted", "example: labelled -> predicted"), rows)


def warn(text: str) -> None:
    """Log a warning."""
    logging.getLogger("bertkit").warning("%s", text)


@contextlib.contextmanager
def meter(label: str, rows: int, before: int = 0) -> Iterator[Callable[[int, int], None]]:
    """Shows rows per second, tokens per second and the time left: a bar on a terminal, else lines in the log.

    Args:
        before: rows that were done before.

    Returns:
        a function that takes the rows that are done, and the tokens since the beginning.
    """
    pace = Pace(label, rows)
    pace.begin(before)
    if not sys.stderr.isatty():
        yield pace.at
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=rows, completed=before, pace="")

        def show(done: int, tokens: int) -> None:
            pace.count(done, tokens)
            bar.update(task, completed=done, pace=pace.rates)

        yield show


def progress(label: str) -> Any:
    """A function that iterates over batches under a bar with rate and time left; without a terminal, lines in the log
    say the same."""

    def track(batches: list[Any]) -> Iterator[Any]:
        total = sum(map(len, batches))
        if not sys.stderr.isatty():
            pace = Pace(label, total, unit="examples")
            for batch in batches:
                yield batch
                pace.step(len(batch))
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        rate_and_time = (TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
        with Progress(*columns, *rate_and_time, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(label, total=total, rate="")
            for batch in batches:
                yield batch
                bar.advance(task, len(batch))
                speed = bar.tasks[0].speed
                bar.update(task, rate=per_second(speed, "examples") if speed else "")

    return track
