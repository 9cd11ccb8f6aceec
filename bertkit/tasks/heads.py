"""Several heads on one encoder, each a Head of its own."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from bertkit.tasks.head import Head

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedModel

    from bertkit.recipe.schema import ModelBlock


class Heads(Head):
    """Several heads as one. Each head's loss is a part of the loss with the head's name; the loss is their sum.

    The model's outputs have one entry per head, under its name. A batch has the labels of each head as `NAME_labels`.
    What `reduce` of a head returns as `KEY`, `Task.decode` gets as `NAME_KEY`.
    """

    heads: ClassVar[dict[str, type[Head]]]

    def __init__(self, options: Any, state: dict[str, Any]):
        super().__init__(options, state)
        self.each = {name: kind(options, state) for name, kind in self.heads.items()}
        self.parts = tuple(self.each)
        self.targets = tuple(f"{name}_labels" for name in self.each)

    @abstractmethod
    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        """The encoder with all heads."""

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        import torch

        return torch.cat([head.loss_weight(_own(name, batch)) for name, head in self.each.items()])

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        import torch

        return torch.cat([head.losses(outputs[name], _own(name, batch)) for name, head in self.each.items()])

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {
            f"{name}_{key}": value
            for name, head in self.each.items()
            for key, value in head.reduce(outputs[name], _own(name, batch)).items()
        }

    def trim(self, outputs: dict[str, np.ndarray], example: dict[str, Any]) -> dict[str, np.ndarray]:
        trimmed: dict[str, np.ndarray] = {}
        for name, head in self.each.items():
            start = f"{name}_"
            own = {key.removeprefix(start): value for key, value in outputs.items() if key.startswith(start)}
            trimmed |= {start + key: value for key, value in head.trim(own, example).items()}
        return trimmed


def _own(name: str, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The batch with the labels of one head as `labels`."""
    labels = f"{name}_labels"
    return {**batch, "labels": batch[labels]} if labels in batch else batch
