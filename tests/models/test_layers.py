"""Freezing and depth, for every kind of encoder whose layers are laid out in its own way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from bertkit.models.layers import depths, encoder_layers
from tests.models.test_build import KINDS, LAYERS, build, said, scratch


def gradients(model: Any) -> dict[str, bool]:
    """Parameter -> whether a backward pass reaches it."""
    ids = torch.tensor([[2, 7, 8, 3]])
    model(input_ids=ids, labels=torch.tensor([1])).loss.backward()
    return {name: p.grad is not None and bool(p.grad.abs().sum() > 0) for name, p in model.named_parameters()}


def test_frozen_embeddings_get_no_gradient_and_all_else_does(tiny_bert: Path) -> None:
    reached = gradients(build(tiny_bert, freeze_embeddings=True))
    assert {name for name, yes in reached.items() if not yes and "key.bias" not in name} == {
        name for name in reached if ".embeddings." in name
    }


@pytest.mark.parametrize("count", [1, 2])
def test_frozen_layers_get_no_gradient_and_those_above_do(tiny_bert: Path, count: int) -> None:
    reached = gradients(build(tiny_bert, freeze_layers=count))
    frozen = ("bert.embeddings.", *(f"bert.encoder.layer.{i}." for i in range(count)))
    # A key's bias adds the same to all scores of a query: softmax takes it away, and its gradient is zero.
    assert {name for name, yes in reached.items() if not yes and "key.bias" not in name} == {
        name for name in reached if name.startswith(frozen) and "key.bias" not in name
    }
    assert reached["classifier.weight"]
    assert reached["bert.pooler.dense.weight"]


@pytest.mark.parametrize("kind", KINDS)
def test_with_all_layers_frozen_the_encoder_stays_as_it_is(kind: str) -> None:
    model = scratch(kind, freeze_layers=LAYERS[kind])
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    inside = {name for name in trained if name.startswith(model.base_model_prefix + ".") and "pooler" not in name}
    assert trained
    assert inside == set()


def test_more_frozen_layers_than_there_are(tiny_bert: Path) -> None:
    assert (
        said(tiny_bert, freeze_layers=3) == "model.freeze_layers  3: the model has 2 layers that can be frozen; 0 to 2"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_depths_rise_from_the_embeddings_to_the_head(kind: str) -> None:
    model = scratch(kind)
    found = depths(model)
    count = LAYERS[kind]
    assert len(encoder_layers(model)) == count
    assert set(found) == {name for name, _ in model.named_parameters()}
    assert set(found.values()) == set(range(count + 2))
    for name, depth in found.items():
        parts = name.split(".")
        if ".embeddings." in name:
            assert depth == 0, name
        elif ".layer." in name:
            assert depth == 1 + int(parts[parts.index("layer") + 1]), name
        elif "albert_layer_groups" in name:
            assert depth == 1, name
        elif "classifier" in name or "pooler" in name:
            assert depth == count + 1, name
        else:  # between the embeddings and the first layer: ELECTRA's embeddings_project, ALBERT's hidden mapping
            assert "embedding" in name
            assert depth <= 1, f"{name} stands below the layers, not above them"
