"""The one way from model to figures: examples by length and back in order, an exact loss, thresholds on request."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from bertkit.tasks.classify.task import Classify, ClassifyOptions
from bertkit.tasks.task import Encoded
from tests.helpers import run_model


class Echo(torch.nn.Module):
    """Logits that tell what was seen: the first token, and how many tokens there are without the padding."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.seen: list[tuple[int, int]] = []
        self.was_training = False

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        self.seen.append(tuple(input_ids.shape))
        self.was_training |= self.training or torch.is_grad_enabled()
        logits = torch.stack([input_ids[:, 0].float(), attention_mask.sum(1).float()], 1) * self.scale
        return type("Output", (), {"logits": logits})


def collate(examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    longest = max(len(example["input_ids"]) for example in examples)
    ids = torch.zeros(len(examples), longest, dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for row, example in enumerate(examples):
        ids[row, : len(example["input_ids"])] = torch.tensor(example["input_ids"])
        mask[row, : len(example["input_ids"])] = 1
    batch = {"input_ids": ids, "attention_mask": mask}
    if "labels" in examples[0]:
        batch["labels"] = torch.tensor([example["labels"] for example in examples])
    return batch


def items_of(*lengths: int, labels: list[Any] | None = None) -> Encoded:
    examples: list[dict[str, Any]] = [{"row": i, "input_ids": np.full(n, i)} for i, n in enumerate(lengths)]
    for example, label in zip(examples, labels or [], strict=False):
        example["labels"] = label
    return Encoded(examples)


def make(labels: tuple[str, ...] = ("a", "b"), **options: Any) -> Classify:
    return Classify(ClassifyOptions.model_validate(options), {"labels": list(labels)})


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_outputs_come_back_in_the_order_of_items(size: int) -> None:
    lengths = [3, 9, 1, 9, 4, 7, 2]
    outputs, losses = run_model(make(), Echo(), items_of(*lengths), collate, tokens=size)
    assert [row.tolist() for row in outputs["logits"]] == [[i, n] for i, n in enumerate(lengths)]
    assert losses == {}


def test_batches_hold_items_of_like_length_the_longest_first() -> None:
    model = Echo()
    run_model(make(), model, items_of(3, 9, 1, 8, 4, 7, 2), collate, tokens=18)
    assert model.seen == [(2, 9), (2, 7), (3, 3)]


class Small(Echo):
    """A memory that holds so many places."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        if input_ids.numel() > self.places:
            self.seen.append((0, 0))
            raise torch.OutOfMemoryError
        return super().forward(input_ids, attention_mask)


def test_where_the_memory_is_too_small_batches_become_smaller_and_stay_so() -> None:
    model, lengths = Small(16), [3, 8, 1, 8, 8, 4, 8, 2]
    outputs, _ = run_model(make(), model, items_of(*lengths), collate, tokens=1000)
    assert [row.tolist() for row in outputs["logits"]] == [[i, n] for i, n in enumerate(lengths)]
    assert model.seen.count((0, 0)) == 2, "64 places, then 32, then what fits"
    assert max(rows * longest for rows, longest in model.seen) == 16


def test_a_memory_too_small_for_one_item_is_told() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        run_model(make(), Small(7), items_of(3, 8), collate)


def test_the_model_does_not_train_while_it_is_scored() -> None:
    model = Echo().train()
    run_model(make(), model, items_of(3, 2), collate)
    assert not model.was_training
    assert not model.training


def test_no_items() -> None:
    assert run_model(make(), Echo(), Encoded([]), collate) == ({}, {})


@pytest.mark.parametrize("size", [1, 2, 4, 100])
@pytest.mark.parametrize("options", [{}, {"class_weights": {"a": 5.0}}])
def test_the_loss_is_exact_whatever_the_batches(size: int, options: dict[str, Any]) -> None:
    task = make(**options)
    if options:
        task.state["weights"] = [5.0, 1.0]
    lengths, labels = [3, 9, 1, 8, 4], [0, 1, 1, 0, 1]
    _, losses = run_model(task, Echo(), items_of(*lengths, labels=labels), collate, tokens=size)
    logits = torch.tensor([[float(i), float(n)] for i, n in enumerate(lengths)])
    weight = torch.tensor([5.0, 1.0]) if options else None
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(labels), weight)
    assert losses == {"loss": pytest.approx(float(expected), rel=1e-6)}


def test_progress_sees_every_batch() -> None:
    seen = []

    def progress(batches: list[Any]) -> Any:
        seen.extend(batches)
        return batches

    run_model(make(), Echo(), items_of(*range(1, 8)), collate, tokens=14, progress=progress)
    assert [len(batch) for batch in seen] == [2, 2, 3]
