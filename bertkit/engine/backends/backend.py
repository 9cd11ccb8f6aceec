"""Backend: what computes a batch. The loop in engine/run.py knows nothing else of a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from bertkit.tasks.head import Head


class Forward(NamedTuple):
    """What a backend computed of one batch."""

    outputs: dict[str, np.ndarray]
    """As the head reduced them; the first dimension is the batch's."""
    loss_sums: np.ndarray | None = None
    """`(part,)` float64; None where the batch has no labels."""
    loss_weights: np.ndarray | None = None
    """`(part,)` float64: what each sum is divided by."""


class Backend(ABC):
    """Computes batches for a head, one at a time."""

    name: ClassVar[str]
    """What `run.json` calls it."""
    can: ClassVar[frozenset[str]] = frozenset()
    """Beyond outputs: `gradients`, `attentions`, `hidden_states`."""
    out_of_memory: ClassVar[tuple[type[BaseException], ...]] = (MemoryError,)
    """What `forward` raises where the memory is too small for a batch."""
    kind = "cpu"
    """Of device: `cpu` or `cuda`; how many tokens keep it busy depends on it."""
    lockstep = False
    """Whether all processes must call `forward` equally often, as each holds a part of the weights."""

    def __init__(self, head: Head):
        self.head = head

    @property
    @abstractmethod
    def max_tokens(self) -> int:
        """Most tokens of one example, special ones included."""

    @property
    @abstractmethod
    def constants(self) -> dict[str, np.ndarray]:
        """See `Head.constants`."""

    @abstractmethod
    def forward(self, batch: dict[str, Any]) -> Forward:
        """Outputs of a collated batch, and its loss where it has `labels`."""
