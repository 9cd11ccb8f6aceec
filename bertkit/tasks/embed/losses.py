"""Losses of vectors: `(row, part, size)` of a step and its targets in, `(row,)` out.

All but `supervised_contrastive` are those of sentence-transformers, so that both train alike on the same rows
(`in_batch` is its MultipleNegativesRankingLoss; its examples train SimCSE by that too). What is no negative,
though it stands in the same step, is left out: a text that equals a row's own text or positive, and the positive of a
row with the same text.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from bertkit.tasks.embed.options import EmbedOptions

Targets = dict[str, Tensor]
Loss = Callable[[Tensor, Targets, float], Tensor]
NONE = torch.finfo(torch.float32).min


def in_batch(vectors: Tensor, targets: Targets, scale: float) -> Tensor:
    """Multiple negatives ranking: softmax over the step's positives and negatives (Henderson et al. 2017).

    Args:
        vectors: `(row, part, size)`: text, positive, negatives.
        targets: `ids` `(row, part)`: equal for equal texts, 0 where a row has no such part.
    """
    rows, ids = torch.arange(len(vectors), device=vectors.device), targets["ids"]
    unit = functional.normalize(vectors, dim=-1)
    candidates, names = unit[:, 1:].flatten(0, 1), ids[:, 1:].flatten()  # row by row: positive, then negatives
    scores = scale * unit[:, 0] @ candidates.T  # (row, candidate)
    own = rows * (ids.shape[1] - 1)  # where each row's positive stands
    scores = scores.masked_fill(not_negative(ids, names, own), NONE)
    return functional.cross_entropy(scores, own, reduction="none")


def not_negative(ids: Tensor, names: Tensor, own: Tensor) -> Tensor:
    """`(row, candidate)`: what is no negative of a row, its own positive excepted."""
    text, positive = ids[:, :1], ids[:, 1:2]
    masked = (names == 0) | (names == positive) | (names == text)
    masked[:, own] |= text == text.T
    masked[torch.arange(len(ids), device=ids.device), own] = False
    return masked


def simcse(vectors: Tensor, targets: Targets, scale: float) -> Tensor:
    """`in_batch`, where each text is its own positive under another dropout mask (Gao et al. 2021, section 3)."""
    return in_batch(vectors, targets, scale)


def cosine(vectors: Tensor, targets: Targets, scale: float) -> Tensor:
    """Squared difference of a pair's cosine and its score (Reimers & Gurevych 2019, section 3)."""
    return (functional.cosine_similarity(vectors[:, 0], vectors[:, 1]) - targets["labels"]) ** 2


def cosent(vectors: Tensor, targets: Targets, scale: float) -> Tensor:
    """CoSENT: `log(1 + sum exp(scale * (cosine_i - cosine_j)))` over pairs i with a lower score than j. It is one loss
    of the whole step, which each row has."""
    cosines = scale * functional.cosine_similarity(vectors[:, 0], vectors[:, 1])  # (row,)
    lower = targets["labels"][:, None] < targets["labels"][None]  # (row, row)
    terms = (cosines[:, None] - cosines[None]).masked_fill(~lower, NONE).flatten()
    return torch.cat([terms.new_zeros(1), terms]).logsumexp(0).expand(len(vectors))


def supervised_contrastive(vectors: Tensor, targets: Targets, scale: float) -> Tensor:
    """The mean over a text's fellows, those with its label, of -log softmax over all other texts (Khosla et al. 2020,
    equation 2); 0 without any."""
    unit = functional.normalize(vectors[:, 0], dim=-1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    log = (scale * unit @ unit.T).masked_fill(itself, NONE).log_softmax(-1)  # (row, row)
    fellows = (targets["labels"][:, None] == targets["labels"][None]) & ~itself
    return -(log.masked_fill(~fellows, 0.0).sum(-1)) / fellows.sum(-1).clamp(min=1)


LOSSES: dict[str, Loss] = {
    "in_batch": in_batch,
    "cosine": cosine,
    "cosent": cosent,
    "supervised_contrastive": supervised_contrastive,
    "simcse": simcse,
}


def of_sizes(vectors: Tensor, targets: Targets, options: EmbedOptions) -> Tensor:
    """`(row, part of the loss)`: the loss of the whole vectors or, for `matryoshka`, of each number of dimensions.

    In float32 also in a training in half precision: cosines of 0.950 and 0.951 are one number in bfloat16.
    """
    loss = LOSSES[options.loss]
    sizes = options.matryoshka or (vectors.shape[-1],)
    with torch.autocast(vectors.device.type, enabled=False):
        return torch.stack([loss(vectors[..., :size], targets, options.scale) for size in sizes], 1)
