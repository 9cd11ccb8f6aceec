"""Model + encoded -> outputs -> answers -> figures: the one way that training, evaluation and prediction share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertkit import processes
from bertkit.engine import memory
from bertkit.engine.examples import lengths_of
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Task

if TYPE_CHECKING:
    import numpy as np
    import torch

    from bertkit.metrics import Metric

SAMPLES = 1000
"""Bootstrap samples behind each confidence interval (Efron & Tibshirani 1993, section 13.3)."""

Progress = Callable[[list[Any]], Iterable[Any]]


@dataclass(frozen=True)
class Split:
    """Rows of one split with their encoded."""

    name: str
    rows: Rows
    encoded: Encoded


@dataclass(frozen=True)
class Scores:
    """What a model scored on a split; `intervals` holds a 95% confidence interval for each figure but the losses."""

    figures: dict[str, float]
    answers: list[Answer]
    intervals: dict[str, tuple[float, float]]


PIECES = {"cpu": 4096, "cuda": 65536}
"""Padded tokens of a batch, by device; halved where the memory is too small for them.

On two cores MiniLM answers short texts as fast with 1024 to 16384 (benchmarks/predict.py); a GPU wants more to be busy.
"""


def run(
    task: Task,
    model: torch.nn.Module,
    encoded: Encoded,
    collate: Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]],
    *,
    tokens: int | None = None,
    progress: Progress = iter,
) -> tuple[Outputs, dict[str, float]]:
    """Outputs of a model for all items, in their order, and the exact losses (`losses_of`) where they have labels.

    Batches hold items of like length, the longest first, as many as give `tokens` places (default: `PIECES`), so that
    little is padded. The model is left in evaluation mode. Every process of a distributed run takes its share of the
    items; all get the whole result.

    Raises:
        torch.OutOfMemoryError: the memory is too small for a single item.
    """
    import torch

    device = next(model.parameters()).device
    lengths: list[int] = lengths_of(encoded.examples).tolist()
    share = sorted(range(len(lengths)), key=lambda i: -lengths[i])[processes.rank() :: processes.count()]
    room = tokens or PIECES.get(device.type, PIECES["cpu"])
    model.eval()
    done: list[tuple[int, dict[str, Any]]] = []
    sums: Any = 0.0
    counts: Any = 0.0
    plan = batches_of(share, lengths, room)
    if processes.count() > 1 and _sharded(
        model
    ):  # all processes must call it equally often, as each holds a part of the weights
        plan += [[-1]] * (max(processes.gathered(len(plan))) - len(plan))
    for number, planned in enumerate(progress(plan)):
        memory.tidy(number)
        waiting = [planned]
        while waiting:
            numbers = waiting.pop()
            if len(numbers) * lengths[numbers[0]] > room and len(numbers) > 1:  # the room has become less since
                waiting += reversed(batches_of(numbers, lengths, room))
                continue
            try:
                arrays, part, count = _answer(task, model, collate([encoded.examples[i] for i in numbers]), device)
            except torch.OutOfMemoryError:
                if len(numbers) == 1:
                    raise
                room = len(numbers) * lengths[numbers[0]] // 2
                waiting.append(numbers)
                continue
            if numbers[0] < 0:
                continue
            sums, counts = sums + part, counts + count
            for i, item in enumerate(numbers):
                own = {n: array[i] for n, array in arrays.items()}
                done.append((item, task.trim(own, encoded.examples[item])))
    shares, sums, counts = zip(*processes.gathered((done, sums, counts)), strict=True)
    by_item = dict(itertools.chain(*shares))
    outputs = {name: [by_item[i][name] for i in range(len(lengths))] for name in (by_item[0] if by_item else {})}
    return outputs, losses_of(task, sum(sums), sum(counts)) if any(map(torch.is_tensor, sums)) else {}


def means(sums: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
    """`(part,)`: each part of the loss; 0 where it has no items."""
    return sums / items.masked_fill(items == 0, 1)


def losses_of(task: Task, sums: torch.Tensor, items: torch.Tensor) -> dict[str, float]:
    """`loss`, and `loss_NAME` for each of the task's parts that has items."""
    parts = means(sums, items)
    named = zip(task.parts, parts.tolist(), items.tolist(), strict=True) if task.parts else ()
    return {"loss": float(parts.sum()), **{f"loss_{name}": part for name, part, count in named if count}}


def _sharded(model: torch.nn.Module) -> bool:
    from torch.distributed.tensor import DTensor

    return any(isinstance(parameter, DTensor) for parameter in model.parameters())


def batches_of(numbers: Sequence[int], lengths: Sequence[int], room: int) -> list[list[int]]:
    """Items, sorted from the longest, in batches of at most `room` padded places, and of one item at least."""
    batches, start = [], 0
    while start < len(numbers):
        size = max(1, room // max(1, lengths[numbers[start]]))
        batches.append(list(numbers[start : start + size]))
        start += size
    return batches


def _answer(task: Task, model: Any, batch: dict[str, Any], device: Any) -> tuple[dict[str, np.ndarray], Any, Any]:
    """Outputs of a batch, its sums of the loss and its items; both 0 where it has no labels."""
    import torch

    from bertkit.engine.linear import fast

    sums: Any = 0.0
    counts: Any = 0.0
    with torch.inference_mode(), fast():
        batch = {name: tensor.to(device) for name, tensor in batch.items()}
        if "labels" in batch:
            part, raw = task.losses(model, batch)
            sums, counts = part.double().cpu(), task.items(batch).double().cpu()
        else:
            raw = model(**task.inputs(batch))
        return {n: t.float().cpu().numpy() for n, t in task.reduce(raw, batch).items()}, sums, counts


def score(
    task: Task,
    model: torch.nn.Module,
    split: Split,
    collate: Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]],
    metrics: Sequence[Metric],
    *,
    tune: bool = False,
    intervals: bool = False,
    progress: Progress = iter,
) -> Scores:
    """Figures of a model on a split.

    Args:
        tune: choose the task's thresholds on this split first (the validation split alone).
        intervals: whether to bootstrap confidence intervals.
    """
    outputs, losses = run(task, model, split.encoded, collate, progress=progress)
    answers = task.decode(outputs, split.encoded, split.rows)
    if tune:
        before = dict(task.state)
        task.tune(answers, split.rows)
        if task.state != before:
            answers = task.decode(outputs, split.encoded, split.rows)
    figures, spans = measure(task, answers, split.rows, metrics, samples=SAMPLES if intervals else 0)
    return Scores({**figures, **losses}, answers, spans)


def measure(
    task: Task, answers: list[Answer], rows: Rows, metrics: Sequence[Metric], *, samples: int = 0
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Figures of answers by the metrics and the task's own, with bootstrap intervals over rows where `samples`."""
    from bertkit.metrics import intervals

    figures: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}
    for metric in [*metrics, *task.own_metrics()]:
        predictions, references = task.compare(answers, rows, metric.takes)
        figures |= metric(predictions, references)
        if samples:
            spans |= intervals(metric, predictions, references, samples=samples)
    return figures, spans
