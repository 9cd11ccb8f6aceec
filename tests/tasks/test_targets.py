"""Scores that are explained: known sums, and the logits of labels over windows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bertkit.tasks.targets import Point, of_labels, sum_of_points


def test_a_score_is_the_weighted_sum_of_its_points() -> None:
    logits = torch.arange(24.0).reshape(2, 3, 4)  # (text, token, label)
    points = [Point("logits", 1, 2, 0.5), Point("logits", 3, 0, 2.0), Point("start", place=1)]
    places = torch.tensor([[2, 0, 1], [1, 0, 2]])  # the second text has lost a token
    starts = torch.tensor([[0.0, 10.0, 0.0], [0.0, 0.0, 20.0]])
    found = sum_of_points({"logits": logits, "start": starts}, points, places)
    first = 0.5 * logits[0, 2, 1] + 2 * logits[0, 0, 3] + 10
    second = 0.5 * logits[1, 1, 1] + 2 * logits[1, 0, 3] + 20
    assert found.tolist() == [first.item(), second.item()]


def test_an_output_of_the_whole_text_has_no_place() -> None:
    logits = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert sum_of_points({"logits": logits}, [Point("logits", 1)], torch.zeros(2, 1).long()).tolist() == [2.0, 4.0]


def logits(*windows: list[float]) -> dict[str, list[np.ndarray]]:
    return {"logits": [np.array(one) for one in windows]}


def test_labels_of_windows_are_their_mean_or_their_maximum() -> None:
    examples = [{"row": 0}, {"row": 0}]
    found = of_labels(logits([1.0, 5.0], [2.0, 0.0]), examples, ["a", "b"], SimpleNamespace(window_pooling="mean"))
    assert [target.name for target in found or [] if target.chosen] == ["b"]
    assert [[part.points[0].weight for part in target.parts] for target in found or []] == [[0.5, 0.5]] * 2
    found = of_labels(logits([1.0, 5.0], [2.0, 0.0]), examples, ["a", "b"], SimpleNamespace(window_pooling="max"))
    assert [len(target.parts) for target in found or []] == [1, 1]
    assert (found or [])[0].parts[0].example is examples[1]


def test_a_model_with_another_order_of_labels() -> None:
    found = of_labels(logits([1.0, 5.0]), [{}], ["a", "b"], None, chosen=["a"], places=[1, 0]) or []
    assert [(target.name, target.chosen, target.parts[0].points[0].label) for target in found] == [
        ("a", True, 1),
        ("b", False, 0),
    ]


@pytest.mark.parametrize(("row", "names"), [([0.3], ["score"]), ([0.1, 0.9], ["0", "1"])])
def test_logits_without_names(row: list[float], names: list[str]) -> None:
    found = of_labels(logits(row), [{}], None, None) or []
    assert [target.name for target in found] == names
    assert [target.label for target in found] == [""] * len(names)


def test_outputs_without_logits_can_not_be_explained() -> None:
    assert of_labels({"scores": []}, [{}], None, None) is None
