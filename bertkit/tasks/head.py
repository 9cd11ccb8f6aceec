"""Head: what stands on the encoder. It knows tensors and no rows; a task with several heads has several of these.

A head is made of its task's options and state, and keeps nothing between calls: `losses` and `reduce` are functions of
the model's outputs and the batch, so that any backend can serve them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from bertkit.models import build

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedModel

    from bertkit.recipe.schema import ModelBlock


class Head(ABC):
    """`state` is the task's own: what it has learnt by now stands in it."""

    auto_class: str
    """transformers' class that loads the model: `AutoModelForTokenClassification`."""
    hub_tag: str
    """What the hub calls such a model: `token-classification`."""
    parts: tuple[str, ...] = ()
    """Names of the parts of the loss, in the order of `loss_weight` and `losses`, where there are several: `loss_NAME`
    is logged beside `loss`, which is their sum."""
    per_token: ClassVar[tuple[str, ...]] = ()
    """Outputs of `reduce` with the shape `(batch, token, ...)`."""
    targets: tuple[str, ...] = ("labels",)
    """What of a batch is for the loss alone, and not given to the model. A batch with the first has a loss."""

    def __init__(self, options: Any, state: dict[str, Any]):
        self.options, self.state = options, state

    def config(self) -> dict[str, Any]:
        """What the model's configuration says of the head: `num_labels`, `id2label`."""
        return {}

    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        """Encoder and head, new where the weights have none.

        Raises:
            ModelError: as `models.build.build_model`.
        """
        return build.build_model(block, self.auto_class, **self.config())

    def init_head(self, model: PreTrainedModel) -> None:  # noqa: B027 - a head may start anywhere
        """Start the new weights of the head where the training rows say, before the training."""

    def check_outputs(self, names: list[str]) -> str:
        """Why a checkpoint whose outputs have these names has another head than this one, or an empty text."""
        return ""

    def inputs(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """What of a batch the model takes."""
        return {name: tensor for name, tensor in batch.items() if name not in self.targets}

    @abstractmethod
    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """`(part,)`: over how much each part of the loss is averaged (rows, tokens, or the sum of their weights)."""

    @abstractmethod
    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """`(part,)`: the sums of the loss. The loss is `(losses / loss_weight).sum()` with both summed over the whole
        effective batch, whatever its division into steps and processes. A part without weight is 0."""

    @abstractmethod
    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """What `Task.decode` needs of the outputs, on the device; the first dimension is the batch's."""

    def constants(self, model: Any) -> dict[str, np.ndarray]:
        """What `Task.decode` needs of the weights themselves; it stands among the outputs under these names."""
        return {}

    def trim(self, outputs: dict[str, np.ndarray], example: dict[str, Any]) -> dict[str, np.ndarray]:
        """The outputs of one example without what its batch padded them by."""
        return outputs | {name: outputs[name][: len(example["input_ids"])] for name in self.per_token}


class LabelHead(Head):
    """One score per label of `state["labels"]`, for a text or for each token."""

    @property
    def labels(self) -> list[str]:
        """Label names; their order is the scores'."""
        return self.state["labels"]

    def config(self) -> dict[str, Any]:
        return {
            "num_labels": len(self.labels),
            "id2label": dict(enumerate(self.labels)),
            "label2id": {name: number for number, name in enumerate(self.labels)},
        }

    def check_outputs(self, names: list[str]) -> str:
        return "gives one number (regression)" if len(names) < 2 else ""
