"""The head of `ner`: a score per token and tag; with `crf` also a score for each pair of neighbouring tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertkit.tasks.ner import decode
from bertkit.tasks.ner.encode import IGNORED
from bertkit.tasks.task import LabelHead

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedModel

    from bertkit.recipe.schema import ModelBlock


class NerHead(LabelHead):
    auto_class = "AutoModelForTokenClassification"
    hub_tag = "token-classification"
    per_token = ("scores",)
    targets = ("labels", "first_tokens")

    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        model = super().build_model(block)
        if self.options.crf:
            from bertkit.models import crf

            crf.attach(model, len(self.labels), block)
        return model

    @property
    def is_plain(self) -> bool:
        return not self.options.crf

    def check_outputs(self, names: list[str]) -> str:
        return "has no CRF that options.crf could use" if self.options.crf else super().check_outputs(names)

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        import torch

        if self.options.crf:
            return torch.tensor([float(len(batch["labels"]))])
        return (batch["labels"] != IGNORED).sum().float()[None]

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        from torch.nn import functional

        logits = outputs.logits.float()  # (batch, token, label)
        if self.options.subtoken_pooling == "mean":
            logits = decode.pool(logits, batch["first_tokens"])
        if self.options.crf:
            from bertkit.models import crf

            scores, tags, real = decode.by_word(logits, batch["labels"], batch["first_tokens"])
            transitions = crf.Transitions(*outputs[crf.TRANSITIONS])
            return crf.negative_log_likelihood(transitions, scores, tags, real).sum()[None]
        flat = logits.flatten(0, 1), batch["labels"].flatten()
        return functional.cross_entropy(*flat, ignore_index=IGNORED, reduction="sum")[None]

    def gold(self, outputs: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor] | None:
        """With `crf` not known: the sums over all sequences would have to be computed again."""
        if self.options.crf:
            return None
        scores, labels = self.reduce(outputs, batch)["scores"], batch["labels"]  # (batch, token, label), (batch, token)
        places = labels.clamp(min=0)[..., None]
        each = scores.softmax(-1).gather(-1, places)[..., 0].masked_fill(labels == IGNORED, 2.0)
        wrong = (scores.argmax(-1) != labels) & (labels != IGNORED)
        least = each.amin(-1)
        return least.masked_fill(least > 1.5, float("nan")), ~wrong.any(-1)

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """`scores` `(batch, token, label)`: a word's scores are at its first token."""
        logits = outputs.logits.float()
        first = self.options.subtoken_pooling == "first"
        return {"scores": logits if first else decode.pool(logits, batch["first_tokens"])}

    def constants(self, model: Any) -> dict[str, np.ndarray]:
        """`crf_start`, `crf_steps`, `crf_end`: see `models.crf.Crf`."""
        return model.crf.scores() if self.options.crf else {}
