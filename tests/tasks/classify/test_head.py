"""The head of `classify`: a model from elsewhere answers in the data's order, whatever its own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bertkit.recipe.schema import DataBlock
from tests.helpers import make

ROWS = [{"text": "a", "label": "no"}, {"text": "b", "label": "yes"}]


def test_outputs_of_another_order_are_put_into_the_datas_order() -> None:
    task: Any = make("classify", {})
    assert task.adopt(["YES", "NO"], None, DataBlock()) == ""
    assert task.adopt(["YES", "NO"], ROWS, DataBlock()) == ""
    assert task.labels == ["no", "yes"]
    outputs = SimpleNamespace(logits=torch.tensor([[3.0, -1.0]]))
    assert task.head.reduce(outputs, {})["logits"].tolist() == [[-1.0, 3.0]]
    loss = task.head.losses(outputs, {"labels": torch.tensor([1])})
    assert float(loss) == pytest.approx(float(torch.nn.functional.cross_entropy(outputs.logits, torch.tensor([0]))))


def test_without_rows_the_labels_are_those_that_are_known() -> None:
    """The user's, else the recipe's, else the data set's, else the model's own."""
    task: Any = make("classify", {})
    model, data = ["YES", "NO"], DataBlock(label_names=["no", "yes"])
    assert (task.adopt(model, (), DataBlock()), task.labels, task.state["outputs"]) == ("", ["YES", "NO"], [0, 1])
    assert (task.adopt(model, (), data), task.labels, task.state["outputs"]) == ("", ["no", "yes"], [1, 0])
    assert (task.adopt(model, (), DataBlock(), order=["no", "yes"]), task.labels) == ("", ["no", "yes"])
    assert (task.adopt(model, (), DataBlock(), labels=["a", "b"]), task.labels) == ("", ["a", "b"])
    assert "have no names (LABEL_0, LABEL_1)" in task.adopt(["LABEL_0", "LABEL_1"], (), DataBlock())
    assert task.labels == ["LABEL_0", "LABEL_1"]
    assert task.adopt(["0", "1"], (), DataBlock()) == ""


def test_the_options_of_a_configuration() -> None:
    head = make("classify", {}).head
    assert head.options_of({"problem_type": "multi_label_classification"}) == {"multi_label": True}
    assert head.options_of({"problem_type": "single_label_classification"}) == head.options_of({}) == {}


def test_a_head_of_one_number_is_none_of_labels() -> None:
    assert "one number" in make("classify", {}).head.check_outputs(["LABEL_0"])
    assert make("classify", {}).head.check_outputs(["a", "b"]) == ""


def test_the_right_labels_probability() -> None:
    head: Any = make("classify", {}).head
    logits = torch.tensor([[0.2, 0.8], [0.5, 0.5]]).log()
    probability, right = head.gold(SimpleNamespace(logits=logits), {"labels": torch.tensor([1, 1])})
    assert probability.tolist() == pytest.approx([0.8, 0.5])
    assert right.tolist() == [True, False]


def test_of_several_labels_that_of_the_one_that_is_least_sure_to_be_right() -> None:
    head: Any = make("classify", {"multi_label": True}).head
    p = torch.tensor([[0.9, 0.3, 0.1], [0.9, 0.3, 0.1]])
    labels = torch.tensor([[1, 0, 0], [1, 1, 0]])
    probability, right = head.gold(SimpleNamespace(logits=p.logit()), {"labels": labels})
    assert probability.tolist() == pytest.approx([0.7, 0.3])
    assert right.tolist() == [True, False]
