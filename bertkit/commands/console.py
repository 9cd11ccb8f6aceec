"""What commands share: options that read the same everywhere, tables and progress on the terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import typer

from bertkit.errors import RecipeError

COLOURS = ("green", "magenta", "cyan", "yellow", "blue", "red")
NUMBERS = ("value", "rows", "labelled", "predicted")
"""Columns that stand at the right."""

Set = Annotated[
    list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change a key of the recipe; repeatable.")
]
Processes = Annotated[
    int,
    typer.Option("--processes", min=1, metavar="N", help="Number of processes on this machine, usually one per GPU."),
]
TrustCode = Annotated[bool, typer.Option("--trust-code", help="Run custom code that came with this Run.")]


def only(sets: Sequence[str] | None, *blocks: str) -> Sequence[str]:
    """The `--set` of a command that looks at these blocks of a Run's recipe alone: another would change nothing."""
    for text in sets or ():
        key = text.partition("=")[0].strip()
        if key.partition(".")[0] not in blocks:
            what = f"{key}: a Run is used as it was trained"
            raise RecipeError.at("--set", what, f"what can be set: {', '.join(blocks)}")
    return sets or ()


def elsewhere(number: int, command: Sequence[Any]) -> None:
    """Where several processes are asked for, run the command in them, and exit as they did."""
    if number > 1:
        from bertkit.processes import launch

        raise typer.Exit(launch(number, list(map(str, command))))


def options(name: str, values: Iterable[Any] | None) -> list[Any]:
    """A repeatable option as it stands on a command line."""
    return [part for value in values or () for part in (name, value)]


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table on standard output: ruled on a terminal, plain columns elsewhere."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    drawn = Table(box=box.SIMPLE_HEAD if console.is_terminal else None)
    for name in header:
        drawn.add_column(name, justify="right" if name in NUMBERS else "left", no_wrap=name in NUMBERS)
    for row in rows:
        drawn.add_row(*(Text(str(cell)) for cell in row))  # [brackets] of a text are no markup
    if not console.is_terminal:
        console = Console(width=10_000)  # a log keeps its lines whole
    console.print(drawn)


def in_colour() -> bool:
    """Whether standard output is a terminal that is to have colours (see no-color.org)."""
    from rich.console import Console

    console = Console()
    return console.is_terminal and not console.no_color


def marked(texts: Iterable[Iterable[tuple[str, str, float]]]) -> None:
    """Texts in parts, a line each: what a part is and how sure that is stand beside it, `[Berlin LOC 0.97]`.

    Each kind has a colour of its own, in the order in which they come; the seventh has that of the first.
    """
    from rich.console import Console
    from rich.text import Text

    colours: dict[str, str] = {}
    for parts in texts:
        line = Text()
        for text, kind, confidence in parts:
            if kind:
                colour = colours.setdefault(kind, COLOURS[len(colours) % len(COLOURS)])
                line.append(f"[{text} {kind} {confidence:.2f}]", colour)
            else:
                line.append(text)
        Console().print(line, soft_wrap=True)


def scores(splits: dict[str, dict[str, float | None]], intervals: dict[str, Any]) -> None:
    """A table of figures: split, figure, value, interval."""
    rows = []
    for split, figures in splits.items():
        for name, value in figures.items():
            low, high = intervals.get(split, {}).get(name) or (None, None)
            interval = "" if low is None or high is None else f"{low:.4f} to {high:.4f}"
            rows.append((split, name, "undefined" if value is None else f"{value:.4f}", interval))
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
    """A warning, as those of the work itself are shown."""
    logging.getLogger("bertkit").warning("%s", text)


def progress(words: str) -> Any:
    """A function that goes through batches under a bar with rate and time left; silent where no one watches."""

    def track(batches: list[Any]) -> Iterator[Any]:
        if not sys.stderr.isatty():
            yield from batches
            return
        from rich.console import Console
        from rich.progress import track as rich_track

        yield from rich_track(batches, words, console=Console(stderr=True), transient=True)

    return track
