"""Models measured in turns: each call of one is followed by a call of the next, so a slow moment hits all of them.

The calls of a cell (rows per call, tokens per row) are divided into rounds. A round's median is compared with that of
the first model in the same round; the range over the rounds says how much of a ratio is noise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from bertkit.inference.predictor import Predictor
from bertkit.understand.speed.rows import RowMaker

ROUNDS = 5
FEWEST = 3
"""Rounds at least, where calls take longer than the time for them."""
WARM = 2
"""Calls that do not count."""
BUSY = 0.3
"""How much the medians of two rounds may differ before other work on the machine is to blame."""


class Cell(NamedTuple):
    """What is asked in one call."""

    batch: int
    """Rows."""
    length: int | None
    """Tokens of each; None: the task's own rows."""


class CallTimes(NamedTuple):
    """Seconds of a call."""

    whole: float
    """Encoding, model and decoding."""
    model: float
    """The model alone."""


@dataclass
class Contender:
    """A model on a device."""

    name: str
    device: str
    precision: str
    predictor: Predictor
    maker: RowMaker = field(init=False)
    _inside: float = 0.0

    def __post_init__(self) -> None:
        self.maker = RowMaker(self.predictor, self.name)
        backend: Any = self.predictor.backend
        forward = backend.forward

        def timed(batch: dict[str, Any]) -> Any:
            start = time.perf_counter()
            try:
                return forward(batch)  # its outputs are arrays: a GPU has finished
            finally:
                self._inside += time.perf_counter() - start

        backend.forward = timed

    def call(self, rows: list[dict[str, Any]]) -> CallTimes:
        self._inside = 0.0
        start = time.perf_counter()
        self.predictor.predict(rows, quiet=True)
        return CallTimes(time.perf_counter() - start, self._inside)


@dataclass
class CellTimes:
    """The calls of one model in one cell."""

    contender: Contender
    cell: Cell
    tokens: int
    """Of all rows of a call."""
    rounds: list[list[CallTimes]] = field(default_factory=list)

    @property
    def calls(self) -> list[CallTimes]:
        return [one for calls in self.rounds for one in calls]

    def percentile(self, share: float, part: str = "whole") -> float:
        return float(np.percentile([getattr(one, part) for one in self.calls], share))

    @property
    def medians(self) -> list[float]:
        """Of each round."""
        return [median(one.whole for one in calls) for calls in self.rounds]

    @property
    def spread(self) -> float:
        """How much longer the slowest round took than the fastest one, as a share."""
        return max(self.medians) / min(self.medians) - 1

    def faster_than(self, first: CellTimes) -> list[float]:
        """Of each round: how many times as fast as another model."""
        return [theirs / ours for ours, theirs in zip(self.medians, first.medians, strict=True)]


def measure(contenders: Sequence[Contender], cell: Cell, seconds: float) -> list[CellTimes]:
    """The calls of all models in a cell.

    Args:
        seconds: for the calls of each model.
    """
    rows = [_rows(one, cell) for one in contenders]
    found = [CellTimes(one, cell, one.maker.tokens(own)) for one, own in zip(contenders, rows, strict=True)]
    asks: list[Callable[[], CallTimes]] = [
        lambda one=one, own=own: one.call(own)  # type: ignore[misc]
        for one, own in zip(contenders, rows, strict=True)
    ]
    for ask in asks * WARM:
        ask()
    begin, room = time.perf_counter(), seconds * len(contenders)
    for number in range(ROUNDS):
        if number >= FEWEST and time.perf_counter() - begin > 2 * room:
            break
        for times in found:
            times.rounds.append([])
        end = time.perf_counter() + room / ROUNDS
        turn = number
        while not found[0].rounds[-1] or time.perf_counter() < end:
            for place in range(len(asks)):
                which = (place + turn) % len(asks)
                found[which].rounds[-1].append(asks[which]())
            turn += 1
    return found


def _rows(one: Contender, cell: Cell) -> list[dict[str, Any]]:
    return one.maker.own(cell.batch) if cell.length is None else one.maker.rows(cell.length, cell.batch)
