"""What a head gets without writing it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bertkit.tasks.head import Head, LabelHead


class Least(Head):
    auto_class, hub_tag = "AutoModel", "feature-extraction"
    per_token = ("scores",)
    targets = ("labels", "places")

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.ones(1)

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.zeros(1)

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {}


class Labels(LabelHead, Least):
    pass


def test_defaults() -> None:
    head = Least(SimpleNamespace(), {})
    assert (head.config(), head.parts, head.check_outputs(["a"]), head.constants(None)) == ({}, (), "", {})
    assert (head.claims({}), head.options_of({})) == (None, {})
    head.init_head(None)  # type: ignore[arg-type]


def test_the_model_gets_what_is_no_target() -> None:
    batch = {name: torch.zeros(1) for name in ("input_ids", "attention_mask", "labels", "places")}
    assert list(Least(SimpleNamespace(), {}).inputs(batch)) == ["input_ids", "attention_mask"]


def test_padding_is_cut_from_outputs_of_tokens_alone() -> None:
    outputs = {"scores": np.arange(10).reshape(5, 2), "pooled": np.arange(5)}
    trimmed = Least(SimpleNamespace(), {}).trim(outputs, {"input_ids": [1, 2, 3]})
    assert trimmed["scores"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert trimmed["pooled"].tolist() == [0, 1, 2, 3, 4]


def test_labels_come_from_the_state_as_it_is_now() -> None:
    state: dict[str, Any] = {}
    head = Labels(SimpleNamespace(), state)
    state["labels"] = ["no", "yes"]
    assert head.labels == ["no", "yes"]
    assert head.config() == {"num_labels": 2, "id2label": {0: "no", 1: "yes"}, "label2id": {"no": 0, "yes": 1}}
    assert head.check_outputs(["LABEL_0"]) == "predicts one number (regression)"
    assert head.check_outputs(["a", "b"]) == ""


def test_a_head_tells_no_probability_of_the_right_answer_by_default() -> None:
    assert Least(None, {}).gold(SimpleNamespace(), {}) is None
