"""Panel Use: `bertkit track`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from bertkit.commands.shared import console
from bertkit.commands.shared.predictor import LABELLED, NOT_READ
from bertkit.errors import DataError
from bertkit.warn import warn

if TYPE_CHECKING:
    from bertkit.inference.vectors import Embedder
    from bertkit.search.events.state import Tracked
    from bertkit.search.events.track import NewDocuments

LARGEST = 20
"""Events on a terminal."""
FEW, MOST = 20, 0.8
"""Documents, and the share of them in one event, from which on a warning is due."""


def track(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="Rows with text and time: a file, folder or glob.")],
    model: Annotated[
        str | None,
        typer.Option("--model", help="A Run with vectors, or an encoder.", show_default="that of the folder"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="New, or one to add documents to.")
    ] = None,
    time: Annotated[
        str | None,
        typer.Option("--time", metavar="COLUMN", help="Column of times.", show_default="time, date or published"),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="SHARE",
            help="Least similarity to join an event, from 0 to 1; a lower one makes larger events.",
            show_default="0.18",
        ),
    ] = None,
    window: Annotated[
        float | None,
        typer.Option(
            "--window", metavar="DAYS", help="Days without a document after which an event ends.", show_default="21"
        ),
    ] = None,
    least: Annotated[
        int | None,
        typer.Option("--least", metavar="N", help="Documents that make an event.", show_default="3"),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which of the model's prompts stands before each text.", show_default="none"),
    ] = None,
    precision: console.Precision = "float32",
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Group documents that have a time into events, and follow them over days.

    bertkit track news.csv --model MODEL --output events

    bertkit track more.csv --output events

    FOLDER holds events.html, a page with a time line, events.jsonl and documents.jsonl. New documents join the events
    that are there; the old ones are not read again.
    """
    from bertkit.files.lock import one_writer
    from bertkit.search.events.output import event_rows
    from bertkit.search.events.track import settled

    if output is None:
        raise DataError.at("--output", "missing", "name a folder: --output events")
    if output.exists() and not output.is_dir():
        raise DataError.at("--output", f"{output}: is a file", "name a folder")
    console.unused(sets, *NOT_READ, LABELLED, beside="track: it reads every row, without labels")
    options = {"threshold": threshold, "window": window, "least": least}
    with one_writer(output) as folder:
        known, name = settled(folder, model, options)
        embedder = _open(name, prompt, sets, precision, trust_code=trust_code)
        tracked, added = _add(folder, source, time, _Beginning(known, name, options), embedder)
        rows = event_rows(tracked)
        _write(folder, tracked, rows)
    _show(tracked, added, rows, output)


class _Beginning(NamedTuple):
    """What a command goes on from."""

    known: Tracked | None
    model: str
    options: dict[str, Any]


def _open(model: str, prompt: str | None, sets: list[str] | None, precision: Any, *, trust_code: bool) -> Embedder:
    from bertkit.inference.vectors import open_embedder
    from bertkit.search.vectors import check_vectors

    allowed = console.only(sets, "data", "options")
    changes: Any = {"prompt": prompt}
    embedder = open_embedder(model, changes, allowed, precision=precision, trust_code=trust_code)
    check_vectors(embedder.predictor, model)
    return embedder


def _add(
    folder: Path, source: str, time: str | None, start: _Beginning, embedder: Embedder
) -> tuple[Tracked, NewDocuments]:
    """Read the documents, and add those that are new."""
    from bertkit.search.events.documents import read_documents
    from bertkit.search.events.track import add, begun, identity_of

    unread = {column.name for column in embedder.predictor.task.columns} - {"text"}  # a Run may name them
    columns = {name: place for name, place in embedder.block.columns.items() if name not in unread}
    documents = read_documents(source, embedder.block.model_copy(update={"columns": columns}), time)
    identity = identity_of(embedder)
    if (tracked := start.known) is None:
        tracked = begun(start.model, identity, embedder.predictor, start.options)
    else:
        tracked.check_model(identity, folder)
    return tracked, add(tracked, documents, embedder.predictor, folder, console.progress)


def _write(folder: Path, tracked: Tracked, rows: list[dict[str, Any]]) -> None:
    from bertkit.fs import write_text
    from bertkit.report.events import page
    from bertkit.search.events.output import DOCUMENTS, EVENTS, PAGE, document_rows, write_rows

    write_rows(rows, folder / EVENTS)
    write_rows(document_rows(tracked), folder / DOCUMENTS)
    write_text(folder / PAGE, page(folder.resolve().name, rows, tracked.clusters.options.least))


def _show(tracked: Tracked, added: NewDocuments, rows: list[dict[str, Any]], folder: Path) -> None:
    from bertkit.search.events.output import PAGE

    if added.again:
        warn(f"documents with the id, or the time and text, of another, not counted again: {added.again:,}")
    if added.late:
        warn(f"new documents older than the last one tracked before, added to events as these are now: {added.late:,}")
    events = sorted((row for row in rows if not row["single"]), key=lambda row: (-row["documents"], row["event"]))
    largest = events[0]["documents"] if events else 0
    if len(tracked.ids) >= FEW and largest >= MOST * len(tracked.ids):
        what = f"one event has {largest:,} of {len(tracked.ids):,} documents: if they are not about one thing"
        warn(f"{what}, raise --threshold, or name a model that was trained for vectors")
    if events:
        header = ("event", "documents", "first", "peak", "last", "keywords")
        lines = [[", ".join(row[name]) if name == "keywords" else row[name] for name in header] for row in events]
        console.table(header, lines[:LARGEST])
    outside = sum(row["documents"] for row in rows if row["single"])
    least = tracked.clusters.options.least
    shown = f" (the {LARGEST} largest are shown)" if len(events) > LARGEST else ""
    console.say(
        f"{_counted(added.documents, 'document')} added, {len(tracked.ids):,} in all; "
        f"{_counted(len(events), 'event')}{shown}; "
        f"{_counted(outside, 'document')} in groups of fewer than {least}: {folder / PAGE}"
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
