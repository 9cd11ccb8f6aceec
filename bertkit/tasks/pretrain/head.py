"""The head of `pretrain`: scores over the vocabulary at each masked token, and with pairs two scores per pair."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from bertkit.errors import ModelError, Setting
from bertkit.models import sparse_head
from bertkit.models.pretrained import model_type
from bertkit.tasks.task import Head

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

    from bertkit.recipe.schema import ModelBlock

log = logging.getLogger("bertkit")

PAIR_HEADS = ("bert", "albert", "big_bird", "ernie", "fnet", "megatron-bert", "mobilebert")
"""Model types whose ForPreTraining class also has a head for pairs of segments."""


class PretrainHead(Head):
    hub_tag = "fill-mask"
    targets = ("labels", "pair")
    graph_options = ("fillings",)

    def __init__(self, options: Any, state: dict[str, Any]):
        super().__init__(options, state)
        self.pairs = options.objective != "mlm"
        self.auto_class = "AutoModelForPreTraining" if self.pairs else "AutoModelForMaskedLM"
        if self.pairs:
            self.parts = ("mlm", options.objective.partition("+")[2])

    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        kind = model_type(block) if self.pairs else None
        if kind and kind not in PAIR_HEADS:
            where = "model.scratch.model_type" if block.scratch else "model.name"
            what = f"{kind}: transformers has no head for pairs of segments ({self.options.objective}) for it"
            todo = f"use one of {', '.join(PAIR_HEADS)}, or train without pairs"
            raise ModelError.at(where, what, todo, setting=Setting("options.objective", "mlm"))
        model = super().build_model(block)
        if reason := sparse_head.apply(model):
            log.info("the head runs on all tokens: %s", reason)
        return model

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        import torch

        counts = [len(batch["labels"]), *([len(batch["pair"])] if self.pairs else [])]
        return torch.tensor(counts, dtype=torch.float32)  # exact below 2 ** 24 masked tokens a micro-batch

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        import torch
        from torch.nn.functional import cross_entropy

        from bertkit.tasks.pretrain.loss import word_losses

        sums = [word_losses(self._scores(outputs, batch), batch["labels"]).sum()]
        pairs = sparse_head.pair_scores(outputs) if self.pairs else None
        if pairs is not None:
            sums.append(cross_entropy(pairs.float(), batch["pair"], reduction="sum"))
        return torch.stack(sums)

    def _scores(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """`(place, word)`."""
        return sparse_head.word_scores(outputs, batch[sparse_head.PLACES]).float()

    def _each(self, scores: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """`(place,)`: loss of each masked token, as word_losses, in a way that can be exported."""
        return -scores.log_softmax(-1).gather(1, batch["labels"][:, None])[:, 0]

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Sums over the masked tokens of each row; without labels the best tokens for each mask, as many as the row has
        tokens: no shape depends on what the batch holds, so that one graph serves all."""
        import torch

        rows, width = batch["input_ids"].shape
        owner = batch[sparse_head.PLACES] // width  # (place,)
        scores = self._scores(outputs, batch)  # (place, word)
        if "labels" in batch:
            each = self._each(scores, batch)
            right = (scores.argmax(-1) == batch["labels"]).to(each.dtype)
            sums = torch.stack([each, right, torch.ones_like(each)], 1)  # (place, 3)
            reduced = {"sums": sums.new_zeros(rows, 3).index_add_(0, owner, sums)}  # (batch, 3)
            pairs = sparse_head.pair_scores(outputs) if self.pairs else None
            return reduced | ({"pairs": pairs, "pair": batch["pair"]} if pairs is not None else {})
        count = min(self.options.fillings, scores.shape[-1])
        best, words = scores.topk(count)  # (place, best)
        filled = torch.stack([words.float(), scores.softmax(-1).gather(1, words), best], -1)  # (place, best, 3)
        counts = owner.new_zeros(rows).index_add_(0, owner, torch.ones_like(owner))  # (batch,)
        number = torch.arange(owner.shape[0], device=owner.device) - (counts.cumsum(0) - counts)[owner]  # in its row
        spread = filled.new_zeros(rows, width, count, 3)  # (batch, mask, best, 3)
        spread[owner, number] = filled
        return {"fillings": spread}
