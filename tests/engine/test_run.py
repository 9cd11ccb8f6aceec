"""The one way from model to figures: items by length and back in order, an exact loss, thresholds only on request."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from bertkit.engine import run as scoring
from bertkit.engine.run import Split, measure, run, score
from bertkit.metrics import find_metric
from bertkit.tasks.classify.task import Classify, ClassifyOptions
from bertkit.tasks.task import Encoded


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


def collate(items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    longest = max(len(item["input_ids"]) for item in items)
    ids = torch.zeros(len(items), longest, dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for row, item in enumerate(items):
        ids[row, : len(item["input_ids"])] = torch.tensor(item["input_ids"])
        mask[row, : len(item["input_ids"])] = 1
    batch = {"input_ids": ids, "attention_mask": mask}
    if "labels" in items[0]:
        batch["labels"] = torch.tensor([item["labels"] for item in items])
    return batch


def items_of(*lengths: int, labels: list[Any] | None = None) -> Encoded:
    items: list[dict[str, Any]] = [{"row": i, "input_ids": np.full(n, i)} for i, n in enumerate(lengths)]
    for item, label in zip(items, labels or [], strict=False):
        item["labels"] = label
    return Encoded(items)


def make(labels: tuple[str, ...] = ("a", "b"), **options: Any) -> Classify:
    return Classify(ClassifyOptions.model_validate(options), {"labels": list(labels)})


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_outputs_come_back_in_the_order_of_items(size: int) -> None:
    lengths = [3, 9, 1, 9, 4, 7, 2]
    outputs, losses = run(make(), Echo(), items_of(*lengths), collate, tokens=size)
    assert [row.tolist() for row in outputs["logits"]] == [[i, n] for i, n in enumerate(lengths)]
    assert losses == {}


def test_batches_hold_items_of_like_length_the_longest_first() -> None:
    model = Echo()
    run(make(), model, items_of(3, 9, 1, 8, 4, 7, 2), collate, tokens=18)
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
    outputs, _ = run(make(), model, items_of(*lengths), collate, tokens=1000)
    assert [row.tolist() for row in outputs["logits"]] == [[i, n] for i, n in enumerate(lengths)]
    assert model.seen.count((0, 0)) == 2, "64 places, then 32, then what fits"
    assert max(rows * longest for rows, longest in model.seen) == 16


def test_a_memory_too_small_for_one_item_is_told() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        run(make(), Small(7), items_of(3, 8), collate)


def test_the_model_does_not_train_while_it_is_scored() -> None:
    model = Echo().train()
    run(make(), model, items_of(3, 2), collate)
    assert not model.was_training
    assert not model.training


def test_no_items() -> None:
    assert run(make(), Echo(), Encoded([]), collate) == ({}, {})


@pytest.mark.parametrize("size", [1, 2, 4, 100])
@pytest.mark.parametrize("options", [{}, {"class_weights": {"a": 5.0}}])
def test_the_loss_is_exact_whatever_the_batches(size: int, options: dict[str, Any]) -> None:
    task = make(**options)
    if options:
        task.state["weights"] = [5.0, 1.0]
    lengths, labels = [3, 9, 1, 8, 4], [0, 1, 1, 0, 1]
    _, losses = run(task, Echo(), items_of(*lengths, labels=labels), collate, tokens=size)
    logits = torch.tensor([[float(i), float(n)] for i, n in enumerate(lengths)])
    weight = torch.tensor([5.0, 1.0]) if options else None
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(labels), weight)
    assert losses == {"loss": pytest.approx(float(expected), rel=1e-6)}


def test_progress_sees_every_batch() -> None:
    seen = []

    def progress(batches: list[Any]) -> Any:
        seen.extend(batches)
        return batches

    run(make(), Echo(), items_of(*range(1, 8)), collate, tokens=14, progress=progress)
    assert [len(batch) for batch in seen] == [2, 2, 3]


def split_of(lengths: list[int], labels: list[str]) -> Split:
    rows = [{"text": "t", "label": label} for label in labels]
    numbers = [["a", "b"].index(label) for label in labels]
    return Split("validation", rows, items_of(*lengths, labels=numbers))


def test_figures_are_those_of_the_answers() -> None:
    """Echo answers b where an item is longer than its number."""
    metrics = [find_metric("accuracy", "labels"), find_metric("log_loss", "labels")]
    split = split_of([1, 2, 1, 1], ["b", "b", "b", "a"])
    scores = score(make(), Echo(), split, collate, metrics)
    assert [answer["label"] for answer in scores.answers] == ["b", "b", "a", "a"]
    assert scores.figures["accuracy"] == 0.75
    assert list(scores.figures) == ["accuracy", "log_loss", "loss"]
    assert scores.figures["loss"] == pytest.approx(scores.figures["log_loss"], rel=1e-6)
    assert scores.intervals == {}


def test_intervals_on_request_hold_every_figure_but_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "SAMPLES", 20)
    split = split_of([1, 2, 1, 1] * 5, ["b", "b", "b", "a"] * 5)
    scores = score(make(), Echo(), split, collate, [find_metric("accuracy", "labels")], intervals=True)
    assert list(scores.intervals) == ["accuracy"]
    low, high = scores.intervals["accuracy"]
    assert low < scores.figures["accuracy"] < high


class Several(torch.nn.Module):
    """Logits of two labels, of which neither reaches a probability of one half."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        first = torch.where(input_ids[:, 0] < 10, -1.0, -3.0)
        return type("Output", (), {"logits": torch.stack([first, -2 - first], 1)})


def several() -> tuple[Classify, Split]:
    labels = [[1, 0]] * 10 + [[0, 1]] * 10
    rows = [{"text": "t", "label": ["a"] if a else ["b"]} for a, _ in labels]
    return make(multi_label=True), Split("validation", rows, items_of(*[2] * 20, labels=labels))


def test_thresholds_are_tuned_only_on_request() -> None:
    task, split = several()
    metrics = [find_metric("macro_f1", "labels")]
    scores = score(task, Several(), split, collate, metrics)
    assert "thresholds" not in task.state
    assert not any(answer["labels"] == ["a"] for answer in scores.answers)
    untuned = scores.figures["macro_f1"]
    scores = score(task, Several(), split, collate, metrics, tune=True)
    assert len(task.state["thresholds"]) == 2
    assert [answer["labels"] for answer in scores.answers] == [["a"]] * 10 + [["b"]] * 10
    assert scores.figures["macro_f1"] == 1.0 > untuned
    again = score(task, Several(), split, collate, metrics)
    assert again.figures == scores.figures, "what was tuned stays"


def test_measure_needs_no_model() -> None:
    task = make()
    answers = [{"label": "a", "probabilities": {"a": 0.9, "b": 0.1}, "logits": {}}] * 2
    rows = [{"label": "a"}, {"label": "b"}]
    metrics = [find_metric(name, "labels") for name in ("accuracy", "log_loss")]
    figures, spans = measure(task, answers, rows, metrics, samples=10)
    assert figures["accuracy"] == 0.5
    assert figures["log_loss"] == pytest.approx(-(math.log(0.9) + math.log(0.1)) / 2)
    assert set(spans) == {"accuracy", "log_loss"}
