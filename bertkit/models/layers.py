"""The layers of any encoder: freezing the lower ones, the depth of each parameter, and learning rates by depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertkit.errors import ModelError

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedModel


def encoder_layers(model: Any) -> list[nn.Module]:
    """The encoder's layers, from the lowest; empty if the architecture has no list of layers."""
    from torch import nn

    lists = [
        m
        for name, m in model.base_model.named_modules()
        if isinstance(m, nn.ModuleList) and m and "." not in name.removeprefix("encoder.").removeprefix("transformer.")
    ]
    return list(lists[0]) if lists else []


def below_layers(model: Any) -> list[nn.Module]:
    """The embeddings, and the modules of ELECTRA, ALBERT, DeBERTa and MPNet between them and the first layer."""
    base = model.base_model
    between = (
        *("embeddings_project", "encoder.embedding_hidden_mapping_in"),
        *("encoder.rel_embeddings", "encoder.LayerNorm", "encoder.relative_attention_bias"),
    )
    inside = dict(base.named_modules())
    embeddings = getattr(base, "embeddings", None) or model.get_input_embeddings()
    return [embeddings, *(inside[name] for name in between if name in inside)]


def freeze(model: PreTrainedModel, *, embeddings: bool, layers: int) -> None:
    """Freeze the embeddings, if `embeddings`, and the lowest `layers` layers (which freezes the embeddings too).

    Raises:
        ModelError: the model has fewer layers, or no list of layers.
    """
    if not embeddings and not layers:
        return
    stack = encoder_layers(model)
    if layers > len(stack):
        what = f"{layers}: the model has {len(stack)} layers that can be frozen"
        raise ModelError.at("model.freeze_layers", what, f"0 to {len(stack)}")
    for module in [*below_layers(model), *stack[:layers]]:
        module.requires_grad_(False)


def depths(model: Any) -> dict[str, int]:
    """Parameter name -> its depth: 0 for the embeddings, i + 1 for layer i (from 0), one more above the layers."""
    stack = encoder_layers(model)
    layer_of = {id(p): i + 1 for i, layer in enumerate(stack) for p in layer.parameters()}
    low = {id(p) for module in below_layers(model) for p in module.parameters()}
    return {n: 0 if id(p) in low else layer_of.get(id(p), len(stack) + 1) for n, p in model.named_parameters()}


def spread_learning_rates(optimizer: torch.optim.Optimizer, model: Any, decay: float) -> None:
    """Split each parameter group by depth; the embeddings get the lowest rate, the head the full one.

    Args:
        decay: the learning rate of a layer divided by that of the layer above it.
    """
    depth_of = {id(p): depth for (_, p), depth in zip(model.named_parameters(), depths(model).values(), strict=True)}
    top = max(depth_of.values())
    groups = []
    for group in optimizer.param_groups:
        for depth in sorted({depth_of[id(p)] for p in group["params"]}):
            part = [p for p in group["params"] if depth_of[id(p)] == depth]
            rate = group["lr"] * decay ** (top - depth)
            groups.append({**group, "params": part, "lr": rate, "initial_lr": rate})
    optimizer.param_groups[:] = groups
