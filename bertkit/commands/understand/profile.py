"""Panel Understand: `bertkit profile`."""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.commands.shared import completion, console

if TYPE_CHECKING:
    from bertkit.understand.profile.record import Record

JSON = "profile.json"
STEPS, MOST_STEPS = 20, 1000


def profile(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE|RUN",
            help="A recipe, as bertkit train takes it, or a Run, whose recipe is taken.",
            autocompletion=completion.recipes,
        ),
    ],
    steps: Annotated[
        int, typer.Option("--steps", min=1, max=MOST_STEPS, metavar="N", help="Steps to measure.")
    ] = STEPS,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="New folder for the results.", show_default="profiles/RECIPE-TIME"),
    ] = None,
    trace: Annotated[bool, typer.Option("--trace/--no-trace", help="Record some steps with torch's profiler.")] = True,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Measure where the time and memory of a training go, and name the key to change.

    bertkit profile mine.yaml --output profiles/mine

    bertkit profile runs/mine --steps 50 -s train.bf16=true

    Trains some steps and leaves no Run. Workers, larger batches and bf16 are tried
    before they are advised. The folder has the figures, and a trace for Perfetto.
    """
    from bertkit.fs import folder_aside, write_json

    with (
        _terminated_as_interrupted(),
        _folder(output, recipe) as folder,
        tempfile.TemporaryDirectory(prefix="bertkit-profile-") as made,
    ):
        found, files = _found(recipe, steps, Path(made), sets or (), trace=trace)
        with folder_aside(folder) as aside:
            for name in files:
                shutil.move(Path(made, name), aside / name)
            write_json(aside / JSON, found)
    _show(found)
    console.say(f"written: {', '.join(str(folder / name) for name in (JSON, *files))}")


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """In the block SIGTERM does what Ctrl-C does, so that the temporary folder goes."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _folder(output: Path | None, recipe: str) -> Iterator[Path]:
    """Hold the folder of the results; it is gone again if nothing is written."""
    from bertkit.commands.shared.reading import new_folder
    from bertkit.files.lock import one_writer
    from bertkit.run import default_folder

    if output is not None:
        with new_folder(output):
            yield output
        return
    name = Path(recipe).resolve().name if Path(recipe).is_dir() else recipe
    with one_writer(Path("profiles", default_folder(name).name), numbered=True) as folder:
        yield folder


def _found(recipe: str, steps: int, folder: Path, sets: Any, *, trace: bool) -> tuple[Record, list[str]]:
    """The record of a profile, and the names of the files that were written beside it."""
    from bertkit.understand.profile.record import record
    from bertkit.understand.profile.run import profile as work
    from bertkit.understand.profile.trace import FILE

    found = work(recipe, steps, sets=sets, trace=folder / FILE if trace else None)
    return record(found), [FILE] if trace else []


def _show(found: Record) -> None:
    from bertkit.understand.profile import record as words

    console.table(*words.table(found))
    console.say()
    for line in words.summary(found):
        console.say(line)
    console.say()
    for line in words.conclusion(found):
        console.say(line)
