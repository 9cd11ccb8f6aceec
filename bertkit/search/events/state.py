"""All that is known of documents and events, in one file: whoever has it can add documents without the old ones.

`state.npz` holds arrays, and JSON as bytes; nothing in it is code. Lists of different length stand one behind the
other, with the place where each begins. About 3 KB per event for vectors of 384 numbers, and 100 bytes per document.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertkit.errors import DataError, Parameter, RunError
from bertkit.fs import written_aside
from bertkit.search.events.clusters import Clusters, Event, TrackOptions
from bertkit.search.events.words import Bag, WordCounts

Array = NDArray[Any]

FILE = "state.npz"
FORMAT = 1
BROKEN = (
    *(OSError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile),
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError),
)
"""Errors of reading a file that was cut, changed or is something else."""


@dataclass
class Tracked:
    """Documents in the order in which they were processed, and their events."""

    model: str
    """As it was named."""
    identity: dict[str, Any]
    """Hashes of the model and how it reads texts."""
    clusters: Clusters
    ids: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    similarities: list[float] = field(default_factory=list)
    """NaN for the document that began its event."""
    texts: dict[int, str] = field(default_factory=dict)
    """Beginnings of the texts of the documents that may become titles, by their numbers."""

    @property
    def names(self) -> list[str]:
        """The words by their ids."""
        return list(self.clusters.lexicon.ids)

    def check_model(self, identity: dict[str, Any], folder: Path) -> None:
        """Raise a DataError for another model, or another way to read texts."""
        if self.identity != identity:
            what = f"{folder}: was begun with another model or other options of it ({self.model})"
            todo = "name the same --model, --prompt, --precision and --set, or a new folder"
            raise DataError.at(Parameter("model"), what, todo)


def save(tracked: Tracked, folder: Path) -> None:
    """Write the state whole or not at all."""
    with written_aside(folder / FILE) as aside, aside.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **_arrays(tracked))


def load(folder: Path) -> Tracked | None:
    """The state in a folder; None: there is none.

    Raises:
        RunError: it can not be used.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as found:
            return _tracked({name: found[name] for name in found.files})
    except BROKEN as error:
        raise RunError.at(str(file), f"can not be used: {error}", "track all documents into a new folder") from error


def check_same(known: Tracked, model: str | None, options: dict[str, Any]) -> None:
    """Check that options that were named are those of a state.

    Raises:
        DataError: they are not.
    """
    own = asdict(known.clusters.options)
    for name, value in options.items():
        if value is not None and own[name] != value:
            what = f"{value:g} is not the {own[name]:g} that the folder was begun with"
            raise DataError.at(Parameter(name), what, "leave it out, or name a new folder")


def _arrays(tracked: Tracked) -> dict[str, Array]:
    clusters, count = tracked.clusters, len(tracked.clusters.events)
    events = clusters.events
    several = [event.central if event.size > 1 else [] for event in events]  # of one document it is the sum
    about = {
        "format": FORMAT,
        "model": tracked.model,
        "identity": tracked.identity,
        "options": asdict(clusters.options),
        "scale": clusters.scale,
        "documents": clusters.lexicon.documents,
        "ids": tracked.ids,
        "texts": [[number, tracked.texts[number]] for event in events for number, _ in event.central],
        "words": list(clusters.lexicon.ids),
    }
    vectors = [vector for central in several for _, vector in central]
    return {
        "about": np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8),
        "sums": clusters.sums[:count],
        "units": clusters.units[:count],
        "firsts": clusters.firsts[:count],
        "lasts": clusters.lasts[:count],
        "squares": np.array([event.square for event in events], np.float64),
        "frequencies": np.array(clusters.lexicon.frequencies, np.int64),
        "word_starts": _starts([event.bag.ids for event in events]),
        **{name: _joined([getattr(event.bag, name) for event in events], kind) for name, kind in BAG.items()},
        "day_starts": _starts([event.days for event in events]),
        "days": np.array([pair for event in events for pair in event.days.items()], np.int64).reshape(-1, 2),
        "central_starts": _starts([event.central for event in events]),
        "central": np.array([number for event in events for number, _ in event.central], np.int64),
        "vectors": np.array(vectors, np.float32).reshape(-1, clusters.sums.shape[1]),
        "times": np.array(tracked.times, np.float64),
        "events": np.array(tracked.events, np.int64),
        "similarities": np.array(tracked.similarities, np.float64),
    }


BAG: dict[str, Any] = {"ids": np.int64, "counts": np.int64, "weights": np.float64}


def _starts(lists: Sequence[Any]) -> Array:
    """Where each list begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum([len(one) for one in lists])]).astype(np.int64)


def _joined(arrays: Sequence[Array], kind: Any) -> Array:
    return np.concatenate([np.zeros(0, kind), *arrays])


def _check_lengths(found: dict[str, Array], about: dict[str, Any]) -> None:
    """Raise a ValueError for a state of which something is missing."""
    events, documents, words = len(found["sums"]), about["documents"], len(about["words"])
    several = np.bincount(found["events"], minlength=events) > 1
    wanted = {
        **dict.fromkeys(("units", "firsts", "lasts", "squares"), events),
        **dict.fromkeys(("word_starts", "day_starts", "central_starts"), events + 1),
        **dict.fromkeys(("times", "events", "similarities"), documents),
        **dict.fromkeys(BAG, int(found["word_starts"][-1])),
        "days": int(found["day_starts"][-1]),
        "central": int(found["central_starts"][-1]),
        "vectors": int(np.diff(found["central_starts"])[several].sum()) if len(several) == events else -1,
        "frequencies": words,
    }
    wrong = [name for name, length in wanted.items() if len(found[name]) != length]
    if wrong or len(about["ids"]) != documents:
        raise ValueError(f"{', '.join(wrong) or 'ids'} of another length")


def _tracked(found: dict[str, Array]) -> Tracked:
    about = json.loads(found["about"].tobytes())
    if about["format"] != FORMAT:
        raise ValueError(f"of format {about['format']}, not {FORMAT}")
    _check_lengths(found, about)
    scale = (float(about["scale"][0]), float(about["scale"][1]))
    clusters = Clusters(TrackOptions(**about["options"]), found["sums"].shape[1], scale)
    clusters.lexicon = WordCounts(about["words"], found["frequencies"].tolist(), about["documents"])
    clusters.sums, clusters.units = found["sums"], found["units"]
    clusters.firsts, clusters.lasts = found["firsts"], found["lasts"]
    sizes = np.bincount(found["events"], minlength=len(found["sums"])).tolist()
    vectors = iter(found["vectors"])
    for number, size in enumerate(sizes):
        words, days, central = (
            slice(*found[f"{name}_starts"][number : number + 2].tolist()) for name in ("word", "day", "central")
        )
        event = Event(
            size,
            Bag(*(found[name][words] for name in BAG)),
            float(found["squares"][number]),
            dict(map(tuple, found["days"][days].tolist())),
        )
        chosen = found["central"][central].tolist()
        event.central = [(one, next(vectors) if size > 1 else found["sums"][number].copy()) for one in chosen]
        clusters.events.append(event)
    ids, times, events = about["ids"], found["times"].tolist(), found["events"].tolist()
    texts = dict(map(tuple, about["texts"]))
    return Tracked(
        about["model"], about["identity"], clusters, ids, times, events, found["similarities"].tolist(), texts
    )
