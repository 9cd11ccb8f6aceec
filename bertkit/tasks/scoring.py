"""Model + features -> outputs -> answers -> figures: the one way that training, evaluation and prediction share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertkit.tasks.task import Answer, Features, Outputs, Rows, Task

if TYPE_CHECKING:
    import torch

    from bertkit.metrics import Metric

SAMPLES = 1000
"""Bootstrap samples behind each confidence interval (Efron & Tibshirani 1993, section 13.3)."""

Progress = Callable[[list[Any]], Iterable[Any]]


@dataclass(frozen=True)
class Split:
    """Rows of one split with their features."""

    name: str
    rows: Rows
    features: Features


@dataclass(frozen=True)
class Scores:
    """What a model scored on a split; `intervals` holds a 95% confidence interval for each figure but the loss."""

    figures: dict[str, float]
    answers: list[Answer]
    intervals: dict[str, tuple[float, float]]


def run(
    task: Task,
    model: torch.nn.Module,
    features: Features,
    collate: Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]],
    *,
    batch_size: int,
    progress: Progress = iter,
) -> tuple[Outputs, float | None]:
    """Outputs of a model for all items, in their order, and the exact loss where the items have labels.

    Batches hold items of like length, the longest first, so that little is padded and a batch that is too large for
    the memory fails at once. The model is left in evaluation mode. Every process of a distributed run takes its share
    of the batches; all get the whole result.
    """
    import torch
    from accelerate.utils import gather_object

    device = next(model.parameters()).device
    order = sorted(range(len(features.items)), key=lambda i: -len(features.items[i]["input_ids"]))
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    rank, world = _world()
    model.eval()
    done: list[tuple[int, dict[str, Any]]] = []
    sums: Any = 0.0
    counts: Any = 0.0
    with torch.inference_mode():
        for numbers in progress(batches[rank::world]):
            batch = {k: v.to(device) for k, v in collate([features.items[i] for i in numbers]).items()}
            if "labels" in batch:
                part, raw = task.losses(model, batch)
                sums, counts = sums + part.double().cpu(), counts + task.items(batch).double().cpu()
            else:
                raw = model(**batch)
            arrays = {name: tensor.float().cpu().numpy() for name, tensor in task.reduce(raw, batch).items()}
            done += [(number, {name: array[i] for name, array in arrays.items()}) for i, number in enumerate(numbers)]
    if world > 1:
        done = gather_object(done)
        sums, counts = (sum(parts) for parts in zip(*gather_object([(sums, counts)]), strict=True))
    by_item = dict(done)
    names = done[0][1] if done else {}
    outputs = {name: [by_item[i][name] for i in range(len(order))] for name in names}
    loss = float((sums / counts).sum()) if torch.is_tensor(sums) else None
    return outputs, loss


def _world() -> tuple[int, int]:
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def score(
    task: Task,
    model: torch.nn.Module,
    split: Split,
    collate: Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]],
    metrics: Sequence[Metric],
    *,
    batch_size: int,
    tune: bool = False,
    intervals: bool = False,
    progress: Progress = iter,
) -> Scores:
    """Figures of a model on a split.

    Args:
        tune: choose the task's thresholds on this split first (the validation split alone).
        intervals: whether to bootstrap confidence intervals.
    """
    outputs, loss = run(task, model, split.features, collate, batch_size=batch_size, progress=progress)
    answers = task.decode(outputs, split.features, split.rows)
    if tune:
        before = dict(task.state)
        task.tune(answers, split.rows)
        if task.state != before:
            answers = task.decode(outputs, split.features, split.rows)
    figures, spans = measure(task, answers, split.rows, metrics, samples=SAMPLES if intervals else 0)
    return Scores({**figures, **({} if loss is None else {"loss": loss})}, answers, spans)


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
