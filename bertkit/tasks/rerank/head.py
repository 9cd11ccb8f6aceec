"""The head of `rerank`: one logit, and in the model's configuration what sentence-transformers makes of it.

Its CrossEncoder reads the activation of `config.json` (`sentence_transformers: activation_fn`); versions before 4 wrote
`sbert_ce_default_activation_function`, version 6 writes `config_sentence_transformers.json`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bertkit import plugins
from bertkit.models import losses
from bertkit.tasks.rerank.options import OWN_LOSSES
from bertkit.tasks.texts import TextHead

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from bertkit.recipe.schema import ModelBlock

BLOCK, ACTIVATION = "sentence_transformers", "activation_fn"
OLD = "sbert_ce_default_activation_function"
ACTIVATIONS = {"sigmoid": "torch.nn.modules.activation.Sigmoid", "identity": "torch.nn.modules.linear.Identity"}


class RerankHead(TextHead):
    auto_class = "AutoModelForSequenceClassification"
    hub_tag = "text-ranking"
    is_plain = True  # build_model adds to the configuration alone

    def config(self) -> dict[str, Any]:
        return {"num_labels": 1, "problem_type": None}  # not that of the weights, which may be of two labels

    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        model = super().build_model(block)
        if hasattr(model.config, OLD):
            delattr(model.config, OLD)
        setattr(model.config, BLOCK, {ACTIVATION: ACTIVATIONS[self.options.score_by]})
        return model

    def check_outputs(self, names: list[str]) -> str:
        return f"has {len(names)} labels" if len(names) != 1 else ""

    @classmethod
    def claims(cls, config: dict[str, Any]) -> bool:
        """A cross-encoder of sentence-transformers. Any other model with one output predicts a number, also one
        that was made from a cross-encoder and kept its entries."""
        block = _block(config)
        if config.get("problem_type") == "regression":
            return False
        return ACTIVATION in block or bool(config.get(OLD)) or block.get("model_type") == "CrossEncoder"

    @classmethod
    def options_of(cls, config: dict[str, Any]) -> dict[str, Any]:
        """The activation, by the last part of its name (`Sigmoid`); a cross-encoder without one has a sigmoid."""
        name = _block(config).get(ACTIVATION) or config.get(OLD)
        return {"activation": str(name).rpartition(".")[2].lower()} if name else {}

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return self._loss(outputs.logits.float(), batch["labels"]).sum()[None]

    @functools.cached_property
    def _loss(self) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
        name = self.options.loss
        loss = plugins.find("loss", name, where="options.loss")
        if name not in OWN_LOSSES:
            return losses.checked(loss, name)
        if name == "squared_error":
            return loss
        return lambda logits, labels: loss(logits, labels[:, None])


def _block(config: dict[str, Any]) -> dict[str, Any]:
    block = config.get(BLOCK)
    return block if isinstance(block, dict) else {}
