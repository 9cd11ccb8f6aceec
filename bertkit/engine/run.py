"""A backend and examples -> outputs: the one loop that training, evaluation and prediction share.

Batches hold examples of similar length up to a number of padded tokens, the longest examples first. So there is little
padding, and if the memory is too small for a batch, this shows in the first one, and batches become smaller.

Many batches on a processor are computed several at once, each by its share of the threads: threads that work on one
batch wait for each other after every operation (engine/threads.py has figures).
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bertkit import processes
from bertkit.engine import memory
from bertkit.engine.examples import Examples, Outputs, lengths_of
from bertkit.engine.threads import computed

if TYPE_CHECKING:
    import numpy as np
    import torch

    from bertkit.engine.backends.backend import Backend, Forward

Progress = Callable[[list[Any]], Iterable[Any]]
"""Iterates over batches and shows the progress."""
Collate = Callable[[list[dict[str, Any]]], dict[str, Any]]
Compute = Callable[..., tuple[Outputs, dict[str, float]]]
"""Of the form of `run`."""
MANY = 4
"""Batches for each worker from which on several are computed at once: with fewer, one of them ends alone."""


def run(
    backend: Backend,
    examples: Examples,
    collate: Collate,
    *,
    tokens: int | None = None,
    progress: Progress = iter,
) -> tuple[Outputs, dict[str, float]]:
    """Outputs for all examples, in their order, and the exact losses (`losses_of`) if they have labels.

    In a distributed run each process computes a share of the examples, and all processes get all outputs.

    Args:
        tokens: most padded tokens of a batch; default: the backend's own.

    Raises:
        the backend's `out_of_memory` errors, if the memory is too small for a single example.
    """
    lengths: list[int] = lengths_of(examples).tolist()
    share = sorted(range(len(lengths)), key=lambda i: -lengths[i])[processes.rank() :: processes.count()]
    done: list[tuple[int, dict[str, np.ndarray]]] = []
    sums: Any = 0.0
    weights: Any = 0.0

    def collated(numbers: list[int]) -> dict[str, Any]:
        memory.tidy()
        return collate([examples[i] for i in numbers])

    forwards = _forwards(backend, share, lengths, tokens or backend.tokens, collated, progress)
    with contextlib.closing(forwards):
        for numbers, batch in forwards:
            if batch.loss_sums is not None:
                sums, weights = sums + batch.loss_sums, weights + batch.loss_weights
            for place, i in enumerate(numbers):
                own = {name: array[place] for name, array in batch.outputs.items()}
                done.append((i, backend.head.trim(own, examples[i])))
    shares, all_sums, all_weights = zip(*processes.gather((done, sums, weights)), strict=True)
    by_number = dict(itertools.chain(*shares))
    names = by_number[0] if by_number else {}
    outputs: Outputs = {name: [by_number[i][name] for i in range(len(lengths))] for name in names}
    scored = any(not isinstance(own, float) for own in all_sums)
    return outputs | backend.constants, losses_of(backend.head.parts, sum(all_sums), sum(all_weights)) if scored else {}


def _forwards(
    backend: Backend,
    share: Sequence[int],
    lengths: Sequence[int],
    room: int,
    collated: Callable[[list[int]], dict[str, Any]],
    progress: Progress,
) -> Generator[tuple[list[int], Forward]]:
    """The numbers of the examples of each batch, and its result."""
    plan = batches_of(share, lengths, room)
    if backend.lockstep and processes.count() > 1:
        plan += [[-1]] * (max(processes.gather(len(plan))) - len(plan))

    def fitting(waiting: list[list[int]]) -> Iterator[list[int]]:
        """The last batch first, split where it was planned before `room` was halved."""
        while waiting:
            numbers = waiting.pop()
            if len(numbers) * lengths[numbers[0]] > room and len(numbers) > 1:
                waiting += reversed(batches_of(numbers, lengths, room))
            else:
                yield numbers

    batches = ((numbers, collated(numbers)) for planned in progress(plan) for numbers in fitting([planned]))
    results = computed(backend, batches, several=len(plan) >= MANY * backend.workers)
    with contextlib.closing(batches), contextlib.closing(results):
        for whole, result in results:
            waiting = [whole]
            for numbers in fitting(waiting):
                try:
                    batch = result() if numbers is whole else backend.forward(collated(numbers))
                except backend.out_of_memory:
                    if len(numbers) == 1 and numbers is not whole:
                        raise
                    if len(numbers) > 1:
                        room = len(numbers) * lengths[numbers[0]] // 2
                    waiting.append([*numbers])  # also of one example: others may have had the memory
                    continue
                if numbers[0] >= 0:
                    yield numbers, batch


def batches_of(numbers: Sequence[int], lengths: Sequence[int], room: int) -> list[list[int]]:
    """Batches of at most `room` padded tokens, but at least one example, from examples sorted from the longest."""
    batches, start = [], 0
    while start < len(numbers):
        size = max(1, room // max(1, lengths[numbers[start]]))
        batches.append(list(numbers[start : start + size]))
        start += size
    return batches


def means(sums: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """`(part,)`: each part of the loss; 0 for a part with weight 0."""
    return sums / weights.masked_fill(weights == 0, 1)


def losses_of(parts: Sequence[str], sums: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """`loss`, and `loss_NAME` for each named part with a weight above 0."""
    import numpy as np

    each = sums / np.where(weights == 0, 1, weights)
    named = zip(parts, each.tolist(), weights.tolist(), strict=True) if parts else ()
    return {"loss": float(each.sum()), **{f"loss_{name}": part for name, part, weight in named if weight}}
