"""The head of `classify`: cross entropy over labels, or one sigmoid per label with `multi_label`."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bertkit import plugins
from bertkit.models import losses
from bertkit.tasks.classify import thresholds
from bertkit.tasks.task import LabelHead
from bertkit.tasks.texts import TextHead

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from bertkit.recipe.schema import ModelBlock


class ClassifyHead(TextHead, LabelHead):
    auto_class = "AutoModelForSequenceClassification"
    hub_tag = "text-classification"

    def config(self) -> dict[str, Any]:
        kind = "multi_label_classification" if self.options.multi_label else "single_label_classification"
        return {**super().config(), "problem_type": kind}

    @classmethod
    def options_of(cls, config: dict[str, Any]) -> dict[str, Any]:
        return {"multi_label": True} if config.get("problem_type") == "multi_label_classification" else {}

    is_plain = True  # `expose_features` changes no number

    @staticmethod
    def has_features(options: Any) -> bool:
        """Whether rows out of scope may be told by what the output layer reads."""
        return options.out_of_scope is not None and options.out_of_scope_by in ("auto", "mahalanobis")

    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        model = super().build_model(block)
        if self.has_features(self.options):
            expose_features(model, len(self.labels))
        return model

    def init_head(self, model: PreTrainedModel) -> None:
        if self.options.multi_label:
            thresholds.start_at_shares(model, self.state["shares"], self.state.get("weights"))

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        weights = None if self.options.multi_label else self._weight_tensor(batch["labels"].device)
        return super().loss_weight(batch) if weights is None else weights[batch["labels"]].sum()[None]

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        labels, logits = batch["labels"], self._logits(outputs)
        weights = self._weight_tensor(logits.device)
        if self.options.multi_label:
            each = self._loss(logits, labels, **({} if weights is None else {"positive_weight": weights}))  # (batch,)
            return each.sum()[None]
        each = self._loss(logits, labels)  # (batch,)
        return (each if weights is None else each * weights[labels]).sum()[None]

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The logits and, where rows out of scope are told by them, the features that the output layer reads."""
        chosen = (self.state.get("outside") or {}).get("by") or "mahalanobis"
        features = getattr(outputs, "features", None)
        if features is None or chosen != "mahalanobis" or not self.has_features(self.options):
            return {"logits": self._logits(outputs)}
        return {"logits": self._logits(outputs), "features": features.float()}

    def gold(self, outputs: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        labels, logits = batch["labels"], self._logits(outputs)
        if self.options.multi_label:
            least = (logits * (2 * labels - 1)).amin(-1)  # (batch,): of the label that is the least sure to be right
            return least.sigmoid(), least >= 0
        return logits.softmax(-1).gather(-1, labels[:, None])[:, 0], logits.argmax(-1) == labels

    def _logits(self, outputs: Any) -> torch.Tensor:
        """`(batch, label)` in the order of the labels; a model that bertkit did not train may have another order."""
        logits: torch.Tensor = outputs.logits.float()
        return logits[:, self.state["outputs"]] if "outputs" in self.state else logits

    @functools.cached_property
    def _loss(self) -> Callable[..., torch.Tensor]:
        kind = "binary_" if self.options.multi_label else ""
        name = self.options.loss
        if name not in ("cross_entropy", "focal"):
            return losses.checked(plugins.find("loss", name, where="options.loss"), name)
        extra = {"gamma": self.options.focal_gamma} if name == "focal" else {"smoothing": self.options.label_smoothing}
        return functools.partial(plugins.find("loss", kind + name), **extra)

    def _weight_tensor(self, device: Any) -> torch.Tensor | None:
        """`(label,)`, or None."""
        import torch

        return torch.tensor(self.state["weights"], device=device) if "weights" in self.state else None


def expose_features(model: PreTrainedModel, labels: int) -> None:
    """Let the model's outputs have `features` `(batch, size)`: what its output layer reads, the last linear layer with
    so many outputs. Where it reads more than one vector per text, there are none."""
    from torch import nn

    layers = [part for part in model.modules() if isinstance(part, nn.Linear) and part.out_features == labels]
    seen = threading.local()  # several threads compute a batch each (engine/threads.py)

    def keep(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen.features = inputs[0]

    def give(_: nn.Module, __: Any, outputs: Any) -> None:
        features, seen.features = getattr(seen, "features", None), None
        if features is not None and features.dim() == 2:
            outputs.features = features

    if layers:
        layers[-1].register_forward_pre_hook(keep)
        model.register_forward_hook(give)
