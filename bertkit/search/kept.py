"""Numbers that a model answers many rows with, computed in parts that are kept in a folder.

A kill costs the part that was being computed. A part is known again by the hash of all that its numbers depend on: the
model, how it reads texts, and the rows.
"""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.engine.examples import Counts, added
from bertkit.engine.run import Progress
from bertkit.fs import written_aside
from bertkit.inference.predictor import Predictor
from bertkit.tasks.task import Answer

log = logging.getLogger("bertkit")
Array = NDArray[Any]
Row = dict[str, Any]

PART = 2000
"""Rows: half a minute of MiniLM on two cores."""


class Work(NamedTuple):
    """What is computed."""

    predictor: Predictor
    numbers: Callable[[list[Answer]], Array]
    """Answers of some rows -> an array whose first dimension is the row."""
    identity: Any
    """What the numbers depend on besides the rows, as JSON."""
    label: str
    """For the progress."""


class Kept:
    """The numbers of all rows, as far as they are computed.

    Args:
        folder: where the parts lie; None: in memory.
    """

    def __init__(self, work: Work, rows: Sequence[Row], folder: Path | None):
        self._work, self._rows = work, rows
        self._folder = folder and folder / _hash([work.identity], rows)
        self._held: dict[int, Array] = {}
        self.counts: Counts = {}
        """Of texts that were cut (`Encoded.counts`), of all parts."""

    def compute(self, progress: Callable[[str], Progress]) -> None:
        """Compute the parts that are not there, and log how many texts were cut."""
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
        starts = range(0, len(self._rows), PART)
        for number, start in enumerate(starts):
            counts = self._counts(number)
            if counts is None:
                label = self._work.label + (f", part {number + 1} of {len(starts)}" if len(starts) > 1 else "")
                counts = self._compute(number, self._rows[start : start + PART], progress(label))
            self.counts = added(self.counts, counts)
        notes, warnings = self._work.predictor.task.messages(self.counts)
        for line in notes:
            log.info("%s: %s", self._work.label, line)
        for line in warnings:
            log.warning("%s: %s", self._work.label, line)

    def blocks(self) -> Iterator[Array]:
        """The numbers of the rows, in order, a part at a time."""
        for number in range(-(-len(self._rows) // PART)):
            yield self._held[number] if self._folder is None else np.load(self._file(number), allow_pickle=False)["a"]

    def whole(self) -> Array:
        """The numbers of all rows, `(row, ...)`."""
        return np.concatenate([*self.blocks()])

    def _file(self, number: int) -> Path:
        assert self._folder
        return self._folder / f"part-{number:05}.npz"

    def _counts(self, number: int) -> Counts | None:
        """Those of a part that was computed before; None for any other."""
        if self._folder is None or not self._file(number).is_file():
            return None
        try:
            with np.load(self._file(number), allow_pickle=False) as part:
                counts: Counts = json.loads(str(part["counts"]))
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
            log.warning("%s: can not be read; it is computed again", self._file(number))
            return None
        return counts

    def _compute(self, number: int, rows: Sequence[Row], progress: Progress) -> Counts:
        predictor = self._work.predictor
        prepared = predictor.prepare(rows)
        numbers = self._work.numbers(predictor.answer(prepared, progress=progress))
        counts = prepared.encoded.counts
        if self._folder is None:
            self._held[number] = numbers
            return counts
        with written_aside(self._file(number)) as aside, aside.open("wb") as stream:
            np.savez(stream, a=numbers, counts=np.array(json.dumps(counts)))
        return counts


def _hash(*lists: Sequence[Any]) -> str:
    digest = hashlib.sha256()
    for values in lists:
        for value in values:
            digest.update(json.dumps(value, sort_keys=True, default=str).encode() + b"\n")
    return digest.hexdigest()[:32]
