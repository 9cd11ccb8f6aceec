"""Cross-entropy over a vocabulary whose gradient takes the place of the scores.

Scores of all masked tokens are by far the largest tensor of a pre-training: 4,900 tokens (128 rows of 128, of which 30%
are masked) by 30,522 words are 600 MB. torch makes three more of that size: the logarithm of the softmax, its gradient,
and that of the scores, so that a BERT of 4 million parameters took 3 GB. Here there is only the one, and the head with
its loss takes 28% less time (600 tokens, hidden size 128, one thread).

The price: after the backward pass the scores are gone, and a second backward pass is an error.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

ROWS = 64
"""Tokens whose scores are copied at a time: 8 MB with 30,522 words."""


def word_losses(scores: Tensor, labels: Tensor) -> Tensor:
    """`(place, word)`, `(place,)` -> `(place,)`: the loss of each token, as `cross_entropy(reduction="none")`.

    Scores that are to be trained are overwritten in the backward pass.
    """
    return _WordLosses.apply(scores, labels)


class _WordLosses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, labels: Tensor) -> Tensor:
        total = torch.cat([part.logsumexp(1) for part in scores.split(ROWS)]) if len(scores) else scores.new_zeros(0)
        ctx.save_for_backward(scores, labels, total)
        return total - scores.gather(1, labels[:, None])[:, 0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        scores, labels, total = ctx.saved_tensors
        scores.sub_(total[:, None]).exp_()  # the softmax
        scores[torch.arange(len(labels), device=labels.device), labels] -= 1
        return scores.mul_(grad[:, None]), None
