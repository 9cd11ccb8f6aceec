"""Head: the model's output layer, its loss, and which outputs are kept. It works on tensors, not on rows.

A head is created from its task's options and state, and stores nothing between calls: `losses` and `reduce` are
functions of the model's outputs and the batch, so they work with any backend. Several heads: heads.py.
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
    from bertkit.tasks.targets import Part


class Head(ABC):
    """Required: `auto_class`, `hub_tag`, `loss_weight`, `losses`, `reduce`. `state` is the task's, not a copy."""

    auto_class: str
    """The class of transformers that loads the model, such as `AutoModelForTokenClassification`."""
    hub_tag: str
    """The hub's name for such models, such as `token-classification`."""
    parts: tuple[str, ...] = ()
    """Names of the parts of the loss, if it has several, in the order of `loss_weight` and `losses`. Each is logged as
    `loss_NAME`, and `loss` is their sum."""
    per_token: ClassVar[tuple[str, ...]] = ()
    """Outputs of `reduce` with the shape `(batch, token, ...)`."""
    whole_step: ClassVar[bool] = False
    """Whether a row's loss depends on the other rows of its step: a `StepHead` (step_head.py)."""
    graph_options: ClassVar[tuple[str, ...]] = ()
    """Options that `reduce` and the model depend on: in an exported graph they are as they were exported."""
    targets: tuple[str, ...] = ("labels",)
    """Parts of a batch that only the loss uses, not the model. A batch has a loss if it has the first of them."""

    def __init__(self, options: Any, state: dict[str, Any]):
        self.options, self.state = options, state

    def config(self) -> dict[str, Any]:
        """Entries of the model's configuration for the head: `num_labels`, `id2label`."""
        return {}

    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        """Encoder and head. The head is new if the weights have none.

        Raises:
            ModelError: as `models.build.build_model`.
        """
        return build.build_model(block, self.auto_class, **self.config())

    @property
    def is_plain(self) -> bool:
        """Whether the model is that of `auto_class`, with nothing added by `build_model`. Another implementation of the
        same architecture may then take its place to answer (engine/bert)."""
        return type(self).build_model is Head.build_model

    def init_head(self, model: PreTrainedModel) -> None:  # noqa: B027 - a head may start anywhere
        """Initialise the head's new weights from what `state` knows of the training rows, before the training."""

    def check_outputs(self, names: list[str]) -> str:
        """Why a checkpoint whose outputs have these names can not be used with this head; empty if it can."""
        return ""

    def model_files(self, config: Any) -> dict[str, Any]:
        """Further JSON files beside the weights, by which other libraries load the model: name -> content.

        Args:
            config: the model's configuration.
        """
        return {}

    @classmethod
    def claims(cls, config: dict[str, Any]) -> bool | None:
        """Whether a checkpoint with this configuration was trained for this head's task, where a task shares its
        `auto_class` and number of outputs with another one; None: the configuration does not tell.

        Args:
            config: of config.json; `sentence_transformers` also has the entries of config_sentence_transformers.json.
        """
        return None

    @classmethod
    def options_of(cls, config: dict[str, Any]) -> dict[str, Any]:
        """The options that the configuration of a checkpoint implies."""
        return {}

    def inputs(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The parts of a batch that the model takes."""
        return {name: tensor for name, tensor in batch.items() if name not in self.targets}

    @abstractmethod
    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """`(part,)`: the denominator of each part of the loss (rows, tokens, or the sum of their weights)."""

    @abstractmethod
    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """`(part,)`: the sum of each part of the loss. The loss is `(losses / loss_weight).sum()`, both summed over the
        whole effective batch, over all its micro-batches and processes. A part with weight 0 counts 0."""

    @abstractmethod
    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The outputs that `Task.decode` needs, computed on the device; their first dimension is the batch."""

    def gold(self, outputs: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor] | None:
        """The probability of each example's right answer, and whether no other answer is more probable, `(example,)`
        each; nan where it has none. Of an answer of several parts, such as a tag per word, that of the least probable
        part. Called with a training's own outputs, to record them (training/watch/dynamics.py). None: not known."""
        return None

    def constants(self, model: Any) -> dict[str, np.ndarray]:
        """Weights that `Task.decode` needs; they are added to the outputs under these names."""
        return {}

    def score(self, outputs: Any, batch: dict[str, torch.Tensor], part: Part, places: torch.Tensor) -> torch.Tensor:
        """`(text,)`: the score that is explained, of each text of a batch. All are variants of the part's example.

        Args:
            places: token of each of the part's points in each text, `(text, point)`.
        """
        from bertkit.tasks.targets import sum_of_points

        return sum_of_points(outputs, part.points, places)

    def token_vectors(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor | None:
        """`(text, token, size)`: what each token adds to the vector of its text, which is their sum. None: the head
        gives no such vectors."""
        return None

    def trim(self, outputs: dict[str, np.ndarray], example: dict[str, Any]) -> dict[str, np.ndarray]:
        """The outputs of one example without padding."""
        return outputs | {name: outputs[name][: len(example["input_ids"])] for name in self.per_token}


class LabelHead(Head):
    """A head with one score per label of `state["labels"]`, for a text or for each token."""

    @property
    def labels(self) -> list[str]:
        """Label names, in the order of the scores."""
        return self.state["labels"]

    def config(self) -> dict[str, Any]:
        return {
            "num_labels": len(self.labels),
            "id2label": dict(enumerate(self.labels)),
            "label2id": {name: number for number, name in enumerate(self.labels)},
        }

    def check_outputs(self, names: list[str]) -> str:
        return "predicts one number (regression)" if len(names) < 2 else ""
