"""The loss over a vocabulary is cross-entropy, and its gradient lies where the scores were."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from bertkit.tasks.pretrain.loss import ROWS, word_losses


@pytest.mark.parametrize("tokens", [0, 1, ROWS, 2 * ROWS + 3])
def test_losses_and_gradients_are_those_of_torch(tokens: int) -> None:
    torch.manual_seed(0)
    leaf = torch.randn(tokens, 50, dtype=torch.float64, requires_grad=True)
    labels, weights = torch.randint(0, 50, (tokens,)), torch.randn(tokens, dtype=torch.float64)
    expected = cross_entropy(leaf, labels, reduction="none")
    got = word_losses(leaf * 1, labels)
    torch.testing.assert_close(got, expected)
    one, other = (torch.autograd.grad((losses * weights).sum(), leaf)[0] for losses in (got, expected))
    torch.testing.assert_close(one, other)


def test_large_scores_are_no_infinities() -> None:
    scores = torch.tensor([[1e4, 0.0], [0.0, 1e4]])
    assert word_losses(scores, torch.tensor([0, 0])).tolist() == [0.0, 1e4]


def test_the_gradient_takes_the_place_of_the_scores() -> None:
    scores = torch.randn(3, 5, requires_grad=True) * 1
    places = []
    scores.register_hook(lambda grad: places.append(grad.data_ptr()))
    losses = word_losses(scores, torch.tensor([0, 1, 2]))
    assert len(places) == 0
    losses.sum().backward(retain_graph=True)
    assert places == [scores.data_ptr()]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        losses.sum().backward()
