"""Scoring: figures of a model's answers, intervals and thresholds only on request."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from bertkit.engine.backends.torch import TorchBackend
from bertkit.inference import score as scoring
from bertkit.inference.score import Scores, Split, measure
from bertkit.metrics import find_metric
from bertkit.tasks.classify.task import Classify
from tests.engine.test_run import Echo, collate, items_of, make


def scored(task: Classify, model: torch.nn.Module, split: Split, *arguments: Any, **options: Any) -> Scores:
    return scoring.score(task, TorchBackend(model, task.head), split, *arguments, **options)


def split_of(lengths: list[int], labels: list[str]) -> Split:
    rows = [{"text": "t", "label": label} for label in labels]
    numbers = [["a", "b"].index(label) for label in labels]
    return Split("validation", rows, items_of(*lengths, labels=numbers))


def test_figures_are_those_of_the_answers() -> None:
    """Echo answers b where an item is longer than its number."""
    metrics = [find_metric("accuracy", "labels"), find_metric("log_loss", "labels")]
    split = split_of([1, 2, 1, 1], ["b", "b", "b", "a"])
    scores = scored(make(), Echo(), split, collate, metrics)
    assert [answer["label"] for answer in scores.answers] == ["b", "b", "a", "a"]
    assert scores.figures["accuracy"] == 0.75
    assert list(scores.figures) == ["accuracy", "log_loss", "loss"]
    assert scores.figures["loss"] == pytest.approx(scores.figures["log_loss"], rel=1e-6)
    assert scores.intervals == {}


def test_intervals_on_request_hold_every_figure_but_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "SAMPLES", 20)
    split = split_of([1, 2, 1, 1] * 5, ["b", "b", "b", "a"] * 5)
    scores = scored(make(), Echo(), split, collate, [find_metric("accuracy", "labels")], intervals=True)
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
    scores = scored(task, Several(), split, collate, metrics)
    assert "thresholds" not in task.state
    assert not any(answer["labels"] == ["a"] for answer in scores.answers)
    untuned = scores.figures["macro_f1"]
    scores = scored(task, Several(), split, collate, metrics, tune=True)
    assert len(task.state["thresholds"]) == 2
    assert [answer["labels"] for answer in scores.answers] == [["a"]] * 10 + [["b"]] * 10
    assert scores.figures["macro_f1"] == 1.0 > untuned
    again = scored(task, Several(), split, collate, metrics)
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
