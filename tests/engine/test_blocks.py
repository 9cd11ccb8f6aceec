"""Attention block by block: that of sdpa, text by text, with its gradients, whatever the lengths and the padding."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bertkit.engine.blocks import attend, attention_blocks, whole
from bertkit.engine.layout import Layout, layout

HEADS, SIZE = 3, 4
MASKS = {
    "in groups": [[1] * length + [0] * (90 - length) for length in (90, 60, 30, 29, 2)],
    "in runs": [[1] * length + [0] * (7 - length) for length in (7, 7, 7, 7, 3, 3, 3, 3)],
    "in any order": [[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]],
    "with holes": [[0, 1, 1, 0, 1], [1, 0, 0, 0, 0]],
}


def where(name: str) -> Layout:
    found = layout(torch.tensor(MASKS[name]))
    assert found is not None
    return found


def rows(count: int) -> list[Tensor]:
    torch.manual_seed(0)
    return [torch.randn(count, HEADS * SIZE, dtype=torch.float64, requires_grad=True) for _ in range(3)]


def text_by_text(query: Tensor, key: Tensor, value: Tensor, where: Layout, window: int | None) -> Tensor:
    """Positions are those in the padded text."""
    out, start = [], 0
    for own in where.mask:
        places = own.nonzero()[:, 0]
        q, k, v = (x[start : start + len(places)].view(-1, HEADS, SIZE).transpose(0, 1) for x in (query, key, value))
        seen = None if window is None else (places[:, None] - places).abs() < window
        out.append(functional.scaled_dot_product_attention(q, k, v, seen).transpose(0, 1).flatten(1))
        start += len(places)
    return torch.cat(out)


@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("name", MASKS)
def test_each_text_attends_to_itself_alone(name: str, window: int | None) -> None:
    own = where(name)
    ours, theirs = rows(len(own.places)), rows(len(own.places))
    found = attend(*ours, attention_blocks(own, torch.float64, window), HEADS)
    expected = text_by_text(*theirs, own, window)
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(found)
    (found * weights).sum().backward()
    (expected * weights).sum().backward()
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, other.grad)
    with torch.inference_mode():
        torch.testing.assert_close(attend(*ours, attention_blocks(own, torch.float64, window), HEADS), found)


def test_texts_of_equal_length_are_not_moved() -> None:
    blocks = attention_blocks(where("in runs"), torch.float32)
    assert [(block.texts, block.tokens, block.real) for block in blocks] == [(4, 7, 28), (4, 3, 12)]
    assert all(block.there is block.back is block.bias is None for block in blocks)
    assert attention_blocks(where("in groups"), torch.float32)[0].there is not None


def test_parts_are_made_once_for_all_layers() -> None:
    own = where("in groups")
    blocks = attention_blocks(own, torch.float32)
    assert attention_blocks(own, torch.float32) is blocks
    assert attention_blocks(own, torch.float32, 3) is not blocks
    assert attention_blocks(own, torch.float64)[0].bias.dtype == torch.float64  # type: ignore[union-attr]


def test_a_batch_without_padding_is_one_part() -> None:
    query, key, value = rows(10)
    found = attend(query, key, value, [whole(2, 5)], HEADS)
    two = layout(torch.tensor([[1] * 5 + [0], [1] * 5 + [0]]))
    assert two is not None
    torch.testing.assert_close(found, text_by_text(query, key, value, two, None))
