"""Which rows make up each step: the same rows for any number of processes and any division into micro-batches.

An epoch's order comes from the recipe's seed and the epoch's number alone, never from a random state that training
has moved on. So 16x1, 4x4 and two processes of 8 see the same rows in the same steps, a training that goes on in the
middle of an epoch skips what it has seen without reading it, and no row is ever seen twice in an epoch to fill a batch.

Within a step, rows of like length go together into a micro-batch, and the processes are dealt like lengths: the sum of
a step does not depend on its division, but its time does.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

POOL = 50
"""Steps whose rows are sorted by length together where batches are bucketed. On 10,000 rows with log-normal word counts
(sigma 0.6) and steps of 32 this takes 7% more tokens than sorting all rows, and no sorting 2.8 times as many."""

COUNTED = "counted"
"""Key of a batch that is there only to keep a process in step with the others; its loss does not count."""


Draw = tuple[int, int, int]
"""`(row, seed, pass)`: a row and what its collator draws from."""


@dataclass
class StepSampler:
    """Yields the micro-batches of one process, as numbers of rows; an empty one where there is nothing left for it."""

    lengths: np.ndarray
    """`(row,)`: tokens of each row."""
    batch_size: int
    """Rows of a micro-batch, at most."""
    accumulation: int = 1
    rank: int = 0
    world: int = 1
    seed: int = 0
    drop_last: bool = False
    bucket: bool = False
    """Whether a step takes rows of like length: for a model that can not do without padding."""
    draws: bool = False
    """Whether rows come with what their collator draws from (see `Draw`)."""
    epoch: int = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        """Micro-batches of an epoch."""
        full, rest = divmod(len(self.lengths), self.step_size)
        return full * self.accumulation + (0 if self.drop_last else -(-rest // (self.batch_size * self.world)))

    def __iter__(self) -> Iterator[list[int] | list[Draw]]:
        for rows, passes in self.taken():
            longest_first = np.argsort(-self.lengths[rows].astype(np.int64), kind="stable")
            group = self.batch_size * self.world
            for start in range(0, len(rows), group):
                share = longest_first[start : start + group][self.rank :: self.world]
                taken = rows[share].tolist()
                numbers = zip(taken, passes[share].tolist(), strict=True)
                yield [(row, self.seed, number) for row, number in numbers] if self.draws else taken

    @property
    def step_size(self) -> int:
        """Rows of a step."""
        return self.batch_size * self.accumulation * self.world

    def taken(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The rows of each step of this epoch, and how often the data of each has been gone through."""
        for rows in self.steps():
            yield rows, np.full(len(rows), self.epoch)

    def steps(self) -> Iterator[np.ndarray]:
        """The rows of each step of this epoch; only the last may have fewer than `step_size`."""
        order = self.order(self.lengths, [self.seed, self.epoch])
        end = len(order) - len(order) % self.step_size if self.drop_last else len(order)
        for start in range(0, end, self.step_size):
            yield order[start : start + self.step_size]

    def order(self, lengths: np.ndarray, seed: Sequence[int]) -> np.ndarray:
        """`(row,)`: the rows as the steps of one pass take them one after the other."""
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(lengths))
        if self.bucket:
            size = POOL * self.step_size
            pools = [order[start : start + size] for start in range(0, len(order), size)]
            order = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
            full = len(order) // self.step_size
            end = full * self.step_size
            order[:end] = order[:end].reshape(full, self.step_size)[rng.permutation(full)].reshape(-1)
        return order


class Loader(DataLoader[Any]):
    """A DataLoader whose sampler knows the epoch."""

    def set_epoch(self, epoch: int) -> None:
        self.batch_sampler.set_epoch(epoch)  # type: ignore[union-attr]


@dataclass
class _Collate:
    """The task's collator, also for a share without rows: the shortest item stands in and does not count."""

    collate: Callable[[list[Any]], dict[str, Any]]
    shortest: Any

    def __call__(self, items: list[Any]) -> dict[str, Any]:
        return self.collate(items) if items else {**self.collate([self.shortest]), COUNTED: False}


@dataclass
class _Drawn:
    """Items by `Draw`: each has `draw`, what its collator draws from."""

    examples: Sequence[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, number: Draw) -> dict[str, Any]:
        row, *draw = number
        return {**self.examples[row], "draw": tuple(draw)}


def train_loader(
    items: Sequence[dict[str, Any]],
    collate: Callable[[list[Any]], dict[str, Any]],
    sampler: StepSampler,
    *,
    workers: int = 0,
    pin_memory: bool = False,
    prefetch: int | None = None,
    persistent: bool = False,
) -> Loader:
    """Loads the sampler's micro-batches, in `workers` processes beside this one where there are any."""
    shortest = int(sampler.lengths.argmin())
    given: Any = _Drawn(items) if sampler.draws else items
    return Loader(
        given,
        batch_sampler=sampler,
        collate_fn=_Collate(collate, given[(shortest, sampler.seed, 0) if sampler.draws else shortest]),
        num_workers=workers,
        pin_memory=pin_memory,
        prefetch_factor=prefetch if workers else None,
        persistent_workers=persistent and workers > 0,
        worker_init_fn=_deaf,
        generator=torch.Generator().manual_seed(sampler.seed),  # else it draws from the state that dropout uses
    )


def _deaf(worker: int) -> None:
    """Ctrl-C and a SIGTERM to all reach a worker too, which would die of it while the step still needs its batch.

    A second SIGTERM ends it: the loader's own, where it does not end by itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.signal(signal.SIGTERM, signal.SIG_DFL))
