"""The rows of each step: the same for any number of processes and any division into micro-batches.

The order of an epoch depends only on the recipe's seed and the number of the epoch, never on a random state that
training changes. So 16x1, 4x4 and two processes of 8 take the same rows in the same steps; a training that is resumed
within an epoch skips the rows it has seen without reading them; and no row is repeated in an epoch to fill a batch.

Within a step, rows of similar length share a micro-batch, and each process gets similar lengths: the loss of a step
does not depend on how it is divided, but its time does.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from bertkit import processes
from bertkit.engine.batches import tensors

POOL = 50
"""With buckets, the rows of this many steps are sorted by length together. On 10,000 rows with log-normal word counts
(sigma 0.6) and steps of 32, this pads to 7% more tokens than sorting all rows; no sorting, to 2.8 times as many."""

ROWS = "example_rows"
"""Key of a batch for the number of the row of each example, `(example,)`; it is no input of the model."""

COUNTED = "counted"
"""Key of a batch whose only purpose is to keep a process in step with the others; its loss does not count."""


Draw = tuple[int, int, int]
"""`(row, seed, pass)`: a row, and the seed of the random numbers that its collator draws."""


@dataclass
class StepSampler:
    """Yields the micro-batches of one process as row numbers; an empty one when no row is left for this process."""

    lengths: np.ndarray
    """`(row,)`: tokens of each row."""
    batch_size: int
    """Most rows of a micro-batch."""
    accumulation: int = 1
    rank: int = 0
    world: int = 1
    seed: int = 0
    drop_last: bool = False
    bucket: bool = False
    """Whether a step takes rows of similar length: for a model that needs padding."""
    draws: bool = False
    """Whether to yield a `Draw` per row instead of its number."""
    epoch: int = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        """Micro-batches per epoch."""
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
        """Rows per step."""
        return self.batch_size * self.accumulation * self.world

    def taken(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The rows of each step of this epoch, and for each row the number of passes over the data before it."""
        for rows in self.steps():
            yield rows, np.full(len(rows), self.epoch)

    def steps(self) -> Iterator[np.ndarray]:
        """The rows of each step of this epoch; only the last step may have fewer than `step_size`."""
        order = self.order(self.lengths, [self.seed, self.epoch])
        end = len(order) - len(order) % self.step_size if self.drop_last else len(order)
        for start in range(0, end, self.step_size):
            yield order[start : start + self.step_size]

    def order(self, lengths: np.ndarray, seed: Sequence[int]) -> np.ndarray:
        """`(row,)`: the order in which the steps of one pass take the rows."""
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
    """The task's collator, with tensors; for a micro-batch without rows it takes the shortest example, which does not
    count. With `rows`, a batch also has the row of each example (watch/dynamics.py)."""

    collate: Callable[[list[Any]], dict[str, Any]]
    shortest: Any
    rows: bool = False

    def __call__(self, examples: list[Any]) -> dict[str, Any]:
        batch = tensors(self.collate(examples or [self.shortest]))
        if self.rows and examples:
            batch[ROWS] = torch.tensor([int(example["row"]) for example in examples])
        return batch if examples else {**batch, COUNTED: False}


@dataclass
class _WithDraws:
    """Examples by `Draw`; each gets a field `draw`, the seed of its collator's random numbers."""

    examples: Sequence[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, number: Draw) -> dict[str, Any]:
        row, *draw = number
        return {**self.examples[row], "draw": tuple(draw)}


def train_loader(
    examples: Sequence[dict[str, Any]],
    collate: Callable[[list[Any]], dict[str, Any]],
    sampler: StepSampler,
    *,
    rows: bool = False,
    workers: int = 0,
    pin_memory: bool = False,
    prefetch: int | None = None,
    persistent: bool = False,
) -> Loader:
    """Loads the sampler's micro-batches, in this process or in `workers` others.

    It takes eight arguments because the last four are separate settings of DataLoader.

    Args:
        rows: whether a batch says the row of each example.
    """
    shortest = int(sampler.lengths.argmin())
    dataset: Any = _WithDraws(examples) if sampler.draws else examples
    return Loader(
        dataset,
        batch_sampler=sampler,
        collate_fn=_Collate(collate, dataset[(shortest, sampler.seed, 0) if sampler.draws else shortest], rows),
        num_workers=workers,
        pin_memory=pin_memory,
        prefetch_factor=prefetch if workers else None,
        persistent_workers=persistent and workers > 0,
        worker_init_fn=_begin_worker,
        generator=torch.Generator().manual_seed(sampler.seed),  # else it changes the random state of dropout
    )


def _begin_worker(worker: int) -> None:
    """Make a worker fit to be one.

    The threads of `tokenizers` are not in a fork, where a collator that tokenizes would wait for them for ever.
    """
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    _ignore_signals()


def _ignore_signals() -> None:
    """Keep a worker alive on Ctrl-C or SIGTERM, which reach it too, while the current step still needs its batches.

    A second SIGTERM ends it: the loader sends one to a worker that does not exit.
    """
    for number in {*processes.stop_signals()} - {signal.SIGTERM}:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.signal(signal.SIGTERM, signal.SIG_DFL))
