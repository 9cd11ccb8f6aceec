"""Backend: computes batches. The loop in engine/run.py uses a model only through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from bertkit.tasks.head import Head


Precision = Literal["float32", "bf16", "fp16"]


class Forward(NamedTuple):
    """The result of a batch."""

    outputs: dict[str, np.ndarray]
    """Outputs of `Head.reduce`; their first dimension is the batch."""
    loss_sums: np.ndarray | None = None
    """`(part,)` float64; None if the batch has no labels."""
    loss_weights: np.ndarray | None = None
    """`(part,)` float64: the denominator of each part."""


class Backend(ABC):
    """Computes batches for a head; `forward` may be called by `workers` threads at once."""

    name: ClassVar[str]
    """Its name in `run.json`."""
    can: ClassVar[frozenset[str]] = frozenset()
    """What it has besides outputs: `gradients`, `attentions`, `hidden_states`; `transformers` if its `model` is one of
    theirs."""
    out_of_memory: ClassVar[tuple[type[BaseException], ...]] = (MemoryError,)
    """Exceptions of `forward` if the memory is too small for a batch."""
    tokens = 4096
    """Most padded tokens of a batch by default; halved if the memory is too small."""
    precision: Precision = "float32"
    """That a model was asked to answer in, if it can do so in several."""
    lockstep = False
    """Whether all processes must call `forward` equally often, because each holds a part of the weights."""

    def __init__(self, head: Head):
        self.head = head

    @property
    def on_cpu(self) -> bool:
        """Whether it computes without an accelerator."""
        return True

    @property
    def workers(self) -> int:
        """Batches that may be computed at once, each in a thread of its own."""
        return 1

    @property
    def threads(self) -> int:
        """Threads that compute a batch of the calling thread."""
        return 1

    def use_threads(self, count: int) -> None:  # noqa: B027 - a backend may have no threads of its own
        """Let so many threads compute the batches of the calling thread."""

    def compile(self) -> None:  # noqa: B027 - a backend may have nothing to compile
        """Do once what takes longer than a batch, and makes each of many faster."""

    @property
    @abstractmethod
    def max_tokens(self) -> int:
        """Most tokens of one example, special ones included."""

    @property
    @abstractmethod
    def constants(self) -> dict[str, np.ndarray]:
        """See `Head.constants`."""

    def weights(self) -> Iterator[tuple[str, np.ndarray]]:
        """All numbers that its outputs depend on, by name: a model without a Run is known again by them."""
        yield from ()

    @abstractmethod
    def forward(self, batch: dict[str, Any]) -> Forward:
        """Outputs of a collated batch, and its loss if it has `labels`."""
