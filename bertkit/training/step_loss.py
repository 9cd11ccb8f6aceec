"""Gradient caching: the exact loss and gradient of a step whose rows are compared with each other (Gao et al. 2021).

Before a step's micro-batches are trained, their features are computed without gradients and gathered from all
processes; then the loss of the whole step, and its gradient with respect to each feature. In training, a micro-batch
computes its features again, with the same dropout masks, and passes that gradient on (`Cached.loss`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from bertkit import processes
from bertkit.engine.run import means
from bertkit.training.batching import COUNTED

if TYPE_CHECKING:
    from accelerate import Accelerator

    from bertkit.tasks.step_head import StepHead

CACHED = "cached"
"""Key of a batch for its `Cached`."""
REAL = "real"
"""Target that says which rows count: a gathered step has rows that only fill up a process's share."""

Gather = Callable[[Tensor], Tensor]
"""`(row, ...)` of each process -> `(process * row, ...)` of all, filled up with zeros to equal sizes."""


@dataclass(frozen=True)
class Cached:
    """What a micro-batch needs of the other rows of its step."""

    sums: Tensor
    """`(part of the loss,)`: the losses of its own rows."""
    gradient: Tensor
    """`(row, part, size)`: of the step's loss, with respect to its features."""

    def loss(self, features: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """The parts of the loss `(part of the loss,)`, and their sum, whose gradient is the cached one.

        Args:
            features: with gradients.
            weights: `(part of the loss,)`: loss weights of the whole step.
        """
        parts = means(self.sums, weights)
        passed_on = (features * self.gradient).sum()
        return parts, parts.sum() + passed_on - passed_on.detach()


def add_cached(head: Any, model: torch.nn.Module, batches: list[Any], weights: Any, accelerator: Accelerator) -> None:
    """Add `CACHED` to each micro-batch of a step, of this process, on its device."""

    def gather(rows: Tensor) -> Tensor:
        for dim in range(min(rows.dim(), 2)):
            rows = accelerator.pad_across_processes(rows, dim=dim)
        return accelerator.gather(rows.contiguous())

    model.train()
    parts = cached(head, model, batches, weights, gather if accelerator.num_processes > 1 else None)
    for batch, part in zip(batches, parts, strict=True):
        batch[CACHED] = part


def cached(
    head: StepHead, model: torch.nn.Module, batches: Sequence[dict[str, Any]], weights: Tensor,
    gather: Gather | None = None,
) -> list[Cached]:  # fmt: skip
    """What each micro-batch of a step needs, before any of them is trained.

    Args:
        model: as it is trained.
        batches: of this process, on its device.
        weights: `(part of the loss,)`: loss weights of the whole step.
        gather: None: this is the only process.
    """
    counted = [batch.get(COUNTED, True) for batch in batches]
    batches = [{name: part for name, part in batch.items() if name != COUNTED} for batch in batches]
    device = batches[0][head.targets[0]].device
    with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.no_grad():
        features = [head.features(model(**head.inputs(batch)), batch) for batch in batches]
    sizes = [len(one) for one in features]
    own = _step(features, [head.step_targets(batch) for batch in batches], counted)
    shared = own if gather is None else {name: gather(tensor) for name, tensor in own.items()}
    first = 0 if gather is None else processes.rank() * (len(shared[REAL]) // processes.count())
    pool, real = shared.pop("features").requires_grad_(), shared.pop(REAL).bool()
    rows = real.nonzero()[:, 0]
    losses = head.row_losses(pool[rows], {name: target[rows] for name, target in shared.items()})  # (row, part)
    (gradient,) = torch.autograd.grad(means(losses.sum(0), weights).sum(), pool)
    each = losses.detach().new_zeros(len(pool), losses.shape[1]).index_copy_(0, rows, losses.detach())
    mine = slice(first, first + sum(sizes))
    shares = zip(each[mine].split(sizes), gradient[mine].split(sizes), features, strict=True)
    return [Cached(loss.sum(0), grad[:, : one.shape[1]]) for loss, grad, one in shares]


def _step(features: list[Tensor], targets: list[dict[str, Tensor]], counted: Sequence[bool]) -> dict[str, Tensor]:
    """Features, targets and `REAL` of this process's rows, one micro-batch after the other."""
    real = [
        torch.full((len(one),), float(there), device=one.device) for one, there in zip(features, counted, strict=True)
    ]
    joined = {name: _joined([each[name] for each in targets]) for name in targets[0]}
    return {"features": _joined(features), REAL: torch.cat(real), **joined}


def _joined(tensors: list[Tensor]) -> Tensor:
    """`(row, ...)` tensors one after the other, filled up with zeros in their second dimension."""
    if tensors[0].dim() == 1:
        return torch.cat(tensors)
    most = max(one.shape[1] for one in tensors)
    return torch.cat([widened(one, most) for one in tensors])


def widened(tensor: Tensor, size: int) -> Tensor:
    """`(row, part, ...)` with zeros up to `size` parts."""
    more = tensor.new_zeros(len(tensor), size - tensor.shape[1], *tensor.shape[2:])
    return torch.cat([tensor, more], 1) if more.shape[1] else tensor
