"""The output layer of fine-tuned weights: kept, reordered or made new, by the labels that it was trained for.

transformers keeps any output layer of the right name and shape. A layer for `neutral, positive, negative` would then
answer for `bad, good, mixed` by position, and a layer for tags of words would answer for texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bertkit.errors import name_some

if TYPE_CHECKING:
    from torch import nn

GENERIC = re.compile(r"(label|class|tag)?[\s_-]*\d+", re.IGNORECASE)


def plain(name: str) -> str:
    """A name without case and separators: `Not-Entailment` and `not_entailment` are the same."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def is_generic(names: Sequence[str]) -> bool:
    """Whether names are only numbered: LABEL_0, 1."""
    return all(GENERIC.fullmatch(name) for name in names)


def order_of(known: Sequence[str], wanted: Sequence[str]) -> list[int] | None:
    """The position among `known` of each label of `wanted`; None if they are not the same labels.

    Names that are only numbered match by their numbers, and only names of this kind.
    """
    key: Callable[[str], str]
    if sorted(known) == sorted(wanted):
        key = str
    elif is_generic(known) != is_generic(wanted):
        return None
    else:
        key = _number if is_generic(known) else plain
    known_keys, wanted_keys = [key(name) for name in known], [key(name) for name in wanted]
    if len({*known_keys}) != len(known) or sorted(known_keys) != sorted(wanted_keys):
        return None
    return [known_keys.index(name) for name in wanted_keys]


def _number(name: str) -> str:
    return str(int("".join(re.findall(r"\d", name))))


def why_new(model: Any, trained: Any, labels: Sequence[str]) -> str:
    """Why the output layer of weights is of no use for a model; empty if it is.

    Args:
        model: with the loaded weights.
        trained: the configuration of the weights.
        labels: names of the model's outputs; empty if they have none, as in a regression.
    """
    import transformers

    own = type(model).__name__
    kinds = [name for name in getattr(trained, "architectures", None) or () if hasattr(transformers, name)]
    if kinds and own not in kinds and hasattr(transformers, own):  # a model's own code may have any names
        return f"the weights are those of a {kinds[0]}, not of a {own}"
    problem, wanted = trained.problem_type, model.config.problem_type
    if problem and wanted and problem != wanted:
        return f"the weights were trained for {problem}, not for {wanted}"
    names = names_of(trained)
    if labels and order_of(names, labels) is None:
        return f"the weights' labels ({name_some(names)}) are not the data's ({name_some(labels)})"
    return ""


def names_of(config: Any) -> list[str]:
    """The names of the outputs in a configuration, in their order."""
    return [str(name) for _, name in sorted(config.id2label.items())]


def output_layer(model: Any) -> tuple[str, nn.Linear] | None:
    """The last linear layer outside of the encoder, with its name; None for a model that predicts tokens, and for an
    encoder alone."""
    from torch import nn

    if model.get_output_embeddings() is not None or (model.base_model_prefix and model.base_model is model):
        return None
    start = model.base_model_prefix + "."
    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear) and not n.startswith(start)]
    return layers[-1] if layers else None


def reorder(layer: nn.Linear, order: Sequence[int]) -> None:
    """Output i becomes what output `order[i]` was."""
    import torch

    with torch.no_grad():
        layer.weight.copy_(layer.weight[list(order)])
        if layer.bias is not None:
            layer.bias.copy_(layer.bias[list(order)])


def renew(model: Any, layer: nn.Linear) -> None:
    """Random weights, as the model's own class draws them."""
    import torch
    from torch import nn

    layer.weight = nn.Parameter(torch.empty_like(layer.weight))  # new: transformers leaves loaded ones as they are
    if layer.bias is not None:
        layer.bias = nn.Parameter(torch.empty_like(layer.bias))
    with torch.no_grad():
        model._init_weights(layer)
