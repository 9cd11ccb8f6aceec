"""The head of `classify`: cross entropy over labels, or one sigmoid per label with `multi_label`."""

from __future__ import annotations

import functools
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


class ClassifyHead(TextHead, LabelHead):
    auto_class = "AutoModelForSequenceClassification"
    hub_tag = "text-classification"

    def config(self) -> dict[str, Any]:
        kind = "multi_label_classification" if self.options.multi_label else "single_label_classification"
        return {**super().config(), "problem_type": kind}

    @classmethod
    def options_of(cls, config: dict[str, Any]) -> dict[str, Any]:
        return {"multi_label": True} if config.get("problem_type") == "multi_label_classification" else {}

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
        return {"logits": self._logits(outputs)}

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
