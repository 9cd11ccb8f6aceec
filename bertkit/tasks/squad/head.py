"""The head of `squad`: each token's score as the start of the answer, and as its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertkit.tasks.squad import decode
from bertkit.tasks.squad.windows import UNKNOWN
from bertkit.tasks.texts import TextHead

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from bertkit.recipe.schema import ModelBlock


class SquadHead(TextHead):
    auto_class = "AutoModelForQuestionAnswering"
    hub_tag = "question-answering"

    is_plain = True

    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        """The head's bias is not trained: it adds the same to all tokens, so it changes no answer, and its gradient is
        only rounding error, which Adam would scale up to full steps."""
        model: Any = super().build_model(block)
        bias = getattr(getattr(model, "qa_outputs", None), "bias", None)
        if bias is not None:
            bias.requires_grad_(False)
        return model

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The number of windows whose answer is known."""
        return (batch["labels"][:, 0] != UNKNOWN).sum().float()[None]

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The mean of the cross entropies of start and end, over the window's tokens without padding."""
        import torch
        from torch.nn.functional import cross_entropy

        padding = batch["attention_mask"] == 0  # (batch, token)
        each = [
            cross_entropy(
                logits.float().masked_fill(padding, -torch.inf),
                batch["labels"][:, side],
                reduction="sum",
                ignore_index=UNKNOWN,
            )
            for side, logits in enumerate((outputs.start_logits, outputs.end_logits))
        ]
        return (sum(each) / 2)[None]  # type: ignore[index]

    def gold(self, outputs: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Of a window: of the start and the end that are labelled, also where these say that it has no answer."""
        import torch

        padding, labels = batch["attention_mask"] == 0, batch["labels"]  # (batch, token), (batch, 2)
        known = labels[:, 0] != UNKNOWN
        both, right = known.float().masked_fill(~known, float("nan")), known
        for side, logits in enumerate((outputs.start_logits, outputs.end_logits)):
            masked = logits.float().masked_fill(padding, -torch.inf)
            places = labels[:, side].clamp(min=0)
            both = both * masked.softmax(-1).gather(-1, places[:, None])[:, 0]
            right = right & (masked.argmax(-1) == places)
        return both, right

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        import torch

        mask = batch["attention_mask"] != 0
        both = {"start": outputs.start_logits.float(), "end": outputs.end_logits.float()}  # (batch, token)
        reduced = {"null": torch.stack([logits[:, 0] for logits in both.values()], 1)}
        for side, logits in both.items():
            places, scores = decode.best_places(logits, mask, self.options.n_best)
            reduced |= {f"{side}_places": places, f"{side}_logits": scores}
        return reduced
