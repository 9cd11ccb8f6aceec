"""Training dynamics: the probability of each training row's given answer, in each epoch (Swayamdipta et al. 2020).

The mean over the epochs is the paper's confidence, their standard deviation its variability, and the share of epochs in
which the answer was correct its correctness (section 2): together a map of the data. As in the authors' code, the
probabilities are those of the training's own forward passes, with dropout and before each step: nothing is computed
twice, no random number is drawn, and the losses stay the same. On a GPU nothing is waited for: numbers stay there until
the epoch ends. The price: rows that come late in an epoch are seen by a model that has learnt more.

A Run keeps `data_map.npz`, 4 bytes per row and epoch, if its head tells the probability (`Head.gold`).
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from bertkit import processes
from bertkit.engine.examples import rows_of
from bertkit.errors import RunError
from bertkit.fs import written_aside
from bertkit.tasks.head import Head

if TYPE_CHECKING:
    from torch import Tensor

WAITING = 1000
"""Micro-batches after which their numbers are taken off the device."""


class DataMap(NamedTuple):
    """What a training recorded, `(epoch, row)` each; nan where a row was not seen."""

    probability: np.ndarray
    """Of the given answer; of a row in windows the least: a wrong answer stands in one of them."""
    correct: np.ndarray
    """Whether the given answer was the most probable; of a row in windows, in each of them."""


class Dynamics:
    """Records probabilities while a model is trained. With several processes each records its own rows.

    Args:
        examples: those that are trained on.
    """

    def __init__(self, head: Head, examples: Sequence[dict[str, Any]]):
        self.head = head
        self.records = type(head).gold is not Head.gold and not head.whole_step
        self.epoch = 0
        self._rows = int(rows_of(examples).max(initial=-1)) + 1 if self.records else 0
        self._waiting: list[tuple[int, Tensor, Tensor]] = []
        self._seen: list[np.ndarray] = []
        """Per epoch `(row, 3)`: the least probability, the least of correct answers, and the number of passes."""

    def add(self, outputs: Any, batch: dict[str, Tensor], rows: Tensor | None) -> None:
        """Record a micro-batch of the training.

        Args:
            rows: number of the row of each example, `(example,)`; None: it does not count.
        """
        if not self.records or rows is None:
            return
        with torch.no_grad():
            gold = self.head.gold(outputs, batch)
            if gold is None:  # not with these options
                self.records = False
                return
            self._waiting.append((self.epoch, rows, torch.stack([part.float() for part in gold], 1)))
        if len(self._waiting) >= WAITING:
            self._settle()

    def save(self, file: Path) -> None:
        """Write the record of all processes, which must all call this; nothing if there is none."""
        self._settle()
        shares = processes.gather(self._seen if self.records else [])
        epochs = max(map(len, shares))
        if not processes.first() or not epochs:
            return
        seen = np.stack([_unseen(max(len(own[0]) for own in shares if own))] * epochs)
        for own in shares:
            for epoch, part in enumerate(own):
                _merge(seen[epoch], part)
        least = np.where(seen[..., 2:] > 0, seen[..., :2], np.nan).astype(np.float16)  # (epoch, row, 2)
        with written_aside(file) as aside, aside.open("wb") as stream:
            np.savez_compressed(stream, probability=least[..., 0], correct=least[..., 1], seen=seen[..., 2])

    def load(self, file: Path) -> None:
        """Go on with the record of a checkpoint. Without one there is none of the whole training, so none is kept."""
        self._waiting = []
        # One decision for all: on another machine the file may not be there.
        self.records = bool(processes.broadcast(self.records and file.is_file()))
        if self.records and processes.first():  # what all processes have seen is its own from now on
            with np.load(file, allow_pickle=False) as kept:
                seen = kept["seen"][..., None]
                parts = np.stack([kept["probability"], kept["correct"]], -1).astype(np.float64)
            self._seen = [*np.concatenate([np.where(seen > 0, parts, np.inf), seen], -1)]

    def _settle(self) -> None:
        """Take in what waits."""
        for epoch, rows, gold in self._waiting:
            numbers, values = rows.cpu().numpy(), gold.cpu().numpy().astype(np.float64)
            while len(self._seen) <= epoch:
                self._seen.append(_unseen(self._rows))
            known = np.isfinite(values).all(1)
            np.minimum.at(self._seen[epoch][:, :2], numbers[known], values[known])
            np.add.at(self._seen[epoch][:, 2], numbers[known], 1)
        self._waiting = []


def _unseen(rows: int) -> np.ndarray:
    return np.tile([np.inf, np.inf, 0.0], (rows, 1))


def _merge(seen: np.ndarray, part: np.ndarray) -> None:
    """Add what one process has seen in an epoch."""
    np.minimum(seen[:, :2], part[:, :2], out=seen[:, :2])
    seen[:, 2] += part[:, 2]


def read_data_map(file: Path) -> DataMap | None:
    """The record of a Run; None if it has none.

    Raises:
        RunError: the file is damaged.
    """
    if not file.is_file():
        return None
    try:
        with np.load(file, allow_pickle=False) as kept:
            found = DataMap(kept["probability"].astype(np.float64), kept["correct"].astype(np.float64))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RunError.at(str(file), f"can not be used: {error}", "remove it, or copy the Run again") from error
    if found.probability.ndim != 2 or found.probability.shape != found.correct.shape:
        raise RunError.at(str(file), "has another shape than a data map", "remove it, or copy the Run again")
    return found
