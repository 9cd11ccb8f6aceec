"""Attention on packed tokens: that of sdpa, text by text, with its gradients; dropout falls on real keys."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bertkit.engine.attention import attention
from bertkit.engine.layout import Layout, layout, near, visible

MASKS = {
    "in groups": [[1] * length + [0] * (200 - length) for length in (200, 190, 100, 99, 2)],
    "in any order": [[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]],
    "with holes": [[0, 1, 1, 0, 1], [1, 0, 0, 0, 0]],
}


def where(name: str) -> Layout:
    found = layout(torch.tensor(MASKS[name]))
    assert found is not None
    return found


def rows(layout: Layout) -> list[Tensor]:
    torch.manual_seed(0)
    shape = 1, 3, len(layout.places), 4  # (1, head, real, size)
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for _ in range(3)]


def one_by_one(query: Tensor, key: Tensor, value: Tensor, layout: Layout, window: int | None) -> Tensor:
    """sdpa of each text alone; a window counts places in the batch, also those that are padding."""
    texts = []
    for text, (start, end) in enumerate(zip(layout.starts[:-1].tolist(), layout.starts[1:].tolist(), strict=True)):
        places = layout.mask[text].nonzero()[:, 0]
        reach = None if window is None else (places[:, None] - places).abs() < window
        own = (x[:, :, start:end] for x in (query, key, value))
        texts.append(functional.scaled_dot_product_attention(*own, reach, scale=0.3).transpose(1, 2))
    return torch.cat(texts, 1)


@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("name", MASKS)
def test_it_is_sdpa_of_each_text_alone(name: str, window: int | None) -> None:
    layout = where(name)
    qkv = rows(layout)
    ours, theirs = attention(*qkv, layout, 0.0, 0.3, window), one_by_one(*qkv, layout, window)
    torch.testing.assert_close(ours, theirs)
    grad = torch.randn_like(ours)
    for one, other in zip(torch.autograd.grad(ours, qkv, grad), torch.autograd.grad(theirs, qkv, grad), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", MASKS)
def test_its_gradients_with_dropout_are_those_of_finite_differences(name: str) -> None:
    layout = where(name)

    def drawn_alike(*qkv: Tensor) -> Tensor:
        torch.manual_seed(1)
        return attention(*qkv, layout, 0.4, None, None)

    assert torch.autograd.gradcheck(drawn_alike, rows(layout), fast_mode=True)


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    layout = where("in groups")
    query, key, _ = rows(layout)
    ones = torch.ones_like(query)
    drawn = torch.stack([attention(query, key, ones, layout, 0.25, None, None) for _ in range(400)])
    assert float(drawn.mean()) == pytest.approx(1.0, abs=0.01)
    alone = attention(torch.zeros_like(query), key, ones, layout, 0.25, None, None)[0, -2:, :, 0]  # two keys, alike
    assert set(alone.flatten().div(0.5 / 0.75).round(decimals=6).tolist()) <= {0.0, 1.0, 2.0}


def test_all_layers_of_a_call_share_what_the_first_found_out() -> None:
    layout = where("in groups")
    qkv = rows(layout)
    attention(*qkv, layout, 0.0, None, None)
    assert layout.memo
    (groups,) = layout.memo.values()
    attention(*qkv, layout, 0.0, None, None)
    assert list(layout.memo.values()) == [groups] and len(groups) == 3
    attention(*qkv, layout, 0.0, None, 2)
    assert len(layout.memo) == 2


def test_what_a_token_attends_to() -> None:
    assert near(4, 2, torch.device("cpu")).long().tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 1]]
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert visible(mask, None)[:, 0].long().tolist() == [[[1, 1, 0]], [[1, 1, 1]]]
    assert visible(mask, 2)[0, 0].long().tolist() == [[1, 1, 0], [1, 1, 0], [0, 1, 0]]
