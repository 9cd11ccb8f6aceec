"""Pooling: the vectors of a text's tokens -> one vector, as sentence-transformers' module `Pooling`."""

from __future__ import annotations

import torch
from torch import Tensor


def pooled(hidden: Tensor, mask: Tensor, mode: str) -> Tensor:
    """`(text, token, size)` and `(text, token)`, padded on the right -> `(text, size)`.

    Args:
        mode: see `options.Pooling`.
    """
    if mode == "cls":
        return hidden[:, 0]
    if mode == "max":
        return hidden.masked_fill(mask[..., None] == 0, float("-inf")).amax(1)
    weights, total = _weights(hidden, mask, mode)
    return (hidden * weights[..., None]).sum(1) / total


def weighted(hidden: Tensor, mask: Tensor, mode: str) -> Tensor | None:
    """`(text, token, size)`: what each token adds to `pooled`; None where that is no sum."""
    if mode in ("cls", "max"):
        return None
    weights, total = _weights(hidden, mask, mode)
    return hidden * (weights / total)[..., None]


def _weights(hidden: Tensor, mask: Tensor, mode: str) -> tuple[Tensor, Tensor]:
    """Of each token `(text, token)`, and what their sum is divided by `(text, 1)`."""
    weights = mask.to(hidden.dtype)
    if mode == "weightedmean":
        weights = weights * torch.arange(1, hidden.shape[1] + 1, device=hidden.device, dtype=hidden.dtype)
    total = weights.sum(1, keepdim=True)
    return weights, total.sqrt() if mode == "mean_sqrt_len_tokens" else total
