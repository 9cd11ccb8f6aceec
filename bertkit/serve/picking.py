"""What waits in the batcher's queue, and which of it makes the next batch."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bertkit.serve.lane import Lane

WASTE = 1.5
"""Padded tokens for each token, at most, in a batch of a model that pads."""


@dataclass(eq=False)
class QueuedRequest:
    future: asyncio.Future[list[Any]]
    results: list[Any]
    left: int
    """Examples without a result; 0 once there is nothing to wait for."""
    queued: int
    """Examples in the queue."""
    deadline: float
    urgent: float
    """The time from which on it goes before others."""


@dataclass(eq=False)
class QueuedExample:
    """An example in the queue."""

    request: QueuedRequest
    place: int
    example: Any
    tokens: int
    tag: float


def first_of(lines: Mapping[Lane, Iterable[QueuedExample]], now: float) -> tuple[Lane, QueuedExample]:
    """The example that comes first, and its model."""

    def place(one: QueuedExample) -> tuple[float, float]:
        return (one.request.deadline if one.request.urgent <= now else math.inf, one.tag)

    firsts = {lane: min(line, key=place) for lane, line in lines.items()}
    return min(firsts.items(), key=lambda pair: place(pair[1]))


def batch_of(line: Iterable[QueuedExample], first: QueuedExample, room: int, *, pads: bool) -> list[QueuedExample]:
    """An example, and those of its model that are most like it in length, up to `room` tokens."""
    batch: list[QueuedExample] = []
    longest = total = 0
    for one in sorted(line, key=lambda one: (one is not first, abs(one.tokens - first.tokens), one.tag)):
        padded = (len(batch) + 1) * max(longest, one.tokens)
        cost = padded if pads else total + one.tokens
        if batch and (cost > room or (pads and padded > WASTE * (total + one.tokens))):
            break
        batch.append(one)
        longest, total = max(longest, one.tokens), total + one.tokens
    return batch


def give(one: QueuedExample, result: Any) -> None:
    """Keep a result; the last one of a request answers it."""
    request = one.request
    if not request.left:
        return
    request.results[one.place] = result
    request.left -= 1
    if not request.left and not request.future.done():
        request.future.set_result(request.results)


def fail(request: QueuedRequest, error: Exception) -> None:
    """Answer a request with what went wrong."""
    request.left = 0
    if not request.future.done():
        request.future.set_exception(error)


def halves(batch: list[QueuedExample]) -> list[list[QueuedExample]]:
    """Two parts of a batch with no request in both."""
    groups = [
        list(own)
        for _, own in itertools.groupby(sorted(batch, key=lambda one: id(one.request)), lambda one: id(one.request))
    ]
    middle = len(groups) // 2
    return [list(itertools.chain(*groups[:middle])), list(itertools.chain(*groups[middle:]))]
