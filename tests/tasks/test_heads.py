"""Several heads: each sees its own labels and outputs, and the sums stand side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from bertkit.tasks.head import Head
from bertkit.tasks.heads import Heads


class Rows(Head):
    def loss_weight(self, batch: Any) -> Any:
        return torch.tensor([float(len(batch["labels"]))])

    def losses(self, outputs: Any, batch: Any) -> Any:
        return ((outputs - batch["labels"]) ** 2).sum()[None]

    def reduce(self, outputs: Any, batch: Any) -> Any:
        return {"value": outputs}


class Tokens(Rows):
    per_token = ("value",)


class Both(Heads):
    heads = {"one": Rows, "each": Tokens}  # noqa: RUF012 - as a user writes it

    def build_model(self, block: Any) -> Any: ...


BATCH = {
    "input_ids": torch.zeros(2, 3),
    "one_labels": torch.tensor([1.0, 2.0]),
    "each_labels": torch.zeros(2, 3),
}
OUTPUTS = {"one": torch.tensor([0.0, 0.0]), "each": torch.ones(2, 3)}


def test_losses_and_weights_are_those_of_the_heads() -> None:
    both = Both({}, {})
    assert both.parts == ("one", "each")
    assert both.losses(OUTPUTS, BATCH).tolist() == [5.0, 6.0]
    assert both.loss_weight(BATCH).tolist() == [2.0, 2.0]
    assert set(both.inputs(BATCH)) == {"input_ids"}


def test_outputs_stand_under_the_heads_names_and_are_trimmed_by_them() -> None:
    both = Both({}, {})
    reduced = both.reduce(OUTPUTS, BATCH)
    assert set(reduced) == {"one_value", "each_value"}
    own = {name: tensor[0].numpy() for name, tensor in reduced.items()}
    trimmed = both.trim(own, {"input_ids": np.zeros(2)})
    assert trimmed["each_value"].tolist() == [1.0, 1.0]
    assert trimmed["one_value"] == 0.0
