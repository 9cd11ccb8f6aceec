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


def test_a_head_of_one_number_is_none_of_labels() -> None:
    assert "one number" in make("classify", {}).head.check_outputs(["LABEL_0"])
    assert make("classify", {}).head.check_outputs(["a", "b"]) == ""
