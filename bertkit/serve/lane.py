"""A model as the batcher knows it, what the batcher has done, and why a request is not taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Lane(Protocol):
    """A model, as the batcher knows it."""

    room: int
    """Most tokens of a batch, padding counted."""
    least: int
    """A batch with no more tokens is not divided among workers."""
    pads: bool
    """Whether it computes padding too."""
    workers: int
    """Batches that it computes at once; `worker` below is a number from 0 on."""

    shares: bool
    """Whether its workers share one machine: a batch is slower while others are computed."""

    async def compute(self, worker: int, examples: Sequence[Any], at_once: int) -> list[Any]:
        """A result for each example; cancelling it has no effect on other calls.

        Args:
            at_once: batches that are computed now, this one included, or are likely to be soon.
        """
        ...


class Full(Exception):
    """The queue has no room, or the answer would come too late.

    Args:
        after: seconds after which it is worth to try again.
    """

    def __init__(self, after: float):
        super().__init__(f"try again in {after:.0f} s")
        self.after = after


class Closing(Exception):
    """No new requests are taken."""


class TooMuch(Exception):
    """A single request with more tokens than the queue may hold, of tokens."""


class Late(Exception):
    """The time of a request is over."""


@dataclass
class Load:
    """What the batcher has done and holds; a server shows it."""

    waiting: int = 0
    """Tokens in the queue."""
    running: int = 0
    """Tokens of batches that are computed now."""
    tokens: int = 0
    """Tokens of all batches so far."""
    batches: int = 0
    examples: int = 0
    failures: int = 0
    """Batches in a row that failed."""
    seconds: float = 0.0
    """That they took, of all workers."""
