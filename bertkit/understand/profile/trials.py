"""What another setting would cost, tried: the same rows in larger batches, in bf16, and loaded by workers.

A guess from shares of a step would be wrong: whether twice the rows take twice the time depends on the processor, the
lengths and the model. Settings take turns, and each round begins with another, so that a slow moment hits all.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

from bertkit.engine.precision import is_fast
from bertkit.training.trainer import BertTrainer
from bertkit.understand.profile.loading import CARRIED
from bertkit.understand.profile.watch import tokens_of

FACTORS = (2, 4)
"""Batches that are tried, in the training's own."""
ROUNDS = 4
"""The first one does not count, where there is a second."""
SECONDS = 20.0
"""After this time no further round begins."""


@dataclass(frozen=True)
class Variant:
    """One way to compute the same rows."""

    batch: int
    """Rows of a micro-batch."""
    seconds: float
    """Of forward and backward for one row, the median over the rounds."""
    bf16: bool = False
    padding: float = 0.0
    """Share of the padded tokens that are padding."""


def variants(trainer: BertTrainer, size: int, *, trained: Any) -> list[Variant]:
    """Forward and backward in batches of `size` rows, and of more, and in bf16 where the device is made for it.

    The first one is the training's own setting. Those that the memory is too small for, or that there are not enough
    rows for, are left out.

    Args:
        trained: the examples.
    """
    device, args = trainer.args.device, trainer.args
    factors = [1, *(factor for factor in FACTORS if size * factor <= len(trained))]
    numbers = _numbers(trainer, size * factors[-1])
    plans = {(size * factor, False): _batches(trainer, trained, numbers, size * factor) for factor in factors}
    if not (args.bf16 or args.fp16) and _has_bf16(device):
        plans[size, True] = plans[size, False]
    spent: dict[tuple[int, bool], list[float]] = {plan: [] for plan in plans}
    start = time.perf_counter()
    for turn in range(ROUNDS):
        names = [*plans]
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            try:
                spent[name].append(_seconds(trainer, plans[name], bf16=name[1]))
            except RuntimeError:  # too little memory, or an operation that bf16 does not have
                if name == (size, False):
                    raise
                del plans[name]
                if device.type == "cuda":
                    torch.cuda.empty_cache()
        if time.perf_counter() - start > SECONDS:
            break
    found = []
    for (rows, bf16), batches in plans.items():
        times = spent[rows, bf16]
        padding = _padding(batches)
        found.append(Variant(rows, median(times[1:] or times) / len(numbers), bf16, padding))
    return found


def _numbers(trainer: BertTrainer, count: int) -> list[Any]:
    """The first rows that the loader would give, as the sampler names them."""
    sampler: Any = trainer.get_train_dataloader().batch_sampler
    numbers: list[Any] = []
    while len(numbers) < count:
        for batch in sampler:
            numbers += batch
            if len(numbers) >= count:
                break
    return numbers[:count]


def _batches(trainer: BertTrainer, trained: Any, numbers: Sequence[Any], size: int) -> list[dict[str, Any]]:
    loader: Any = trainer.get_train_dataloader()
    examples = [loader.dataset[number] for number in numbers]
    batches = [loader.collate_fn(examples[start : start + size]) for start in range(0, len(examples), size)]
    return [{name: one for name, one in batch.items() if name != CARRIED} for batch in batches]


def _has_bf16(device: torch.device) -> bool:
    """Whether a device computes in bf16 faster than in float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return device.type == "cpu" and is_fast(device, "bf16")


def _seconds(trainer: BertTrainer, batches: list[dict[str, Any]], *, bf16: bool) -> float:
    model, device = trainer.model_wrapped, trainer.args.device
    spent = 0.0
    with _in_bf16(trainer.model, device) if bf16 else contextlib.nullcontext():
        for batch in batches:
            weights = trainer.task.head.loss_weight(batch)
            _wait(device)
            start = time.perf_counter()
            trainer.training_step(model, dict(batch), weights.to(device))
            _wait(device)
            spent += time.perf_counter() - start
            model.zero_grad()
    return spent


@contextlib.contextmanager
def _in_bf16(model: Any, device: torch.device) -> Iterator[None]:
    """In the block the model computes in bf16 and gives float32, as `train.bf16` makes it; the loss does not."""
    from accelerate.utils.operations import convert_outputs_to_fp32

    own = vars(model).get("forward")
    model.forward = convert_outputs_to_fp32(torch.autocast(device.type, torch.bfloat16)(model.forward))
    try:
        yield
    finally:
        if own is None:
            del model.forward
        else:
            model.forward = own


def _wait(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize()


def _padding(batches: list[dict[str, Any]]) -> float:
    counts = [tokens_of(batch) for batch in batches]
    padded = sum(all_of_them for _, all_of_them in counts)
    return 1 - sum(tokens for tokens, _ in counts) / padded if padded else 0.0
