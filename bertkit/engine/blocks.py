"""Attention on packed tokens, block by block: texts of equal length as they are, others padded (layout.py has groups).

Padding is a gather: a padded place gets a token of its own text. A padded key has no weight for a token of the text,
and a padded query is not brought back, so neither reaches an answer or a gradient. `attend` is in the part of Python
that TorchScript compiles. It can not read the fields of `AttentionBlock` where annotations are strings, as with `from
__future__`.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from bertkit.engine.layout import Layout, near, taken, visible


class AttentionBlock(NamedTuple):
    """Texts that follow each other, computed together."""

    texts: int
    tokens: int
    """Of the longest text."""
    real: int
    """Tokens of all texts."""
    there: Tensor | None
    """`(text * token,)`: which of its tokens is brought to each padded place; None where all texts are as long."""
    back: Tensor | None
    """`(real,)`: the padded place of each token."""
    bias: Tensor | None
    """`(text or 1, 1, token or 1, token)`: what is added to scores, so that keys out of reach get no weight."""


def whole(texts: int, tokens: int, bias: Tensor | None = None) -> AttentionBlock:
    """Texts of equal length."""
    return AttentionBlock(texts, tokens, texts * tokens, None, None, bias)


def attention_blocks(where: Layout, dtype: torch.dtype, window: int | None = None) -> list[AttentionBlock]:
    """The blocks of a Layout. They are kept in its memo, as all layers need them.

    Args:
        dtype: of the scores.
        window: a token sees those that are less than so many positions away; None: all.
    """
    memo: dict[Any, list[AttentionBlock]] = {} if where.memo is None else where.memo
    key = "blocks", dtype, window
    if key not in memo:
        memo[key] = _by_length(where, dtype, window) if where.runs else _padded(where, dtype, window)
    return memo[key]


def _by_length(where: Layout, dtype: torch.dtype, window: int | None) -> list[AttentionBlock]:
    device = where.places.device
    return [whole(texts, tokens, _window(tokens, dtype, window, device)) for texts, tokens in where.runs]


def _padded(where: Layout, dtype: torch.dtype, window: int | None) -> list[AttentionBlock]:
    blocks = []
    for group in where.groups or (where,):
        texts, tokens = group.mask.shape
        numbers = torch.arange(len(group.places), device=group.places.device)
        if len(numbers) == texts * tokens:
            blocks.append(whole(texts, tokens, _window(tokens, dtype, window, numbers.device)))
            continue
        first = group.starts[:-1].long().clamp(max=len(numbers) - 1)  # of an empty last text there is none
        there = first.repeat_interleave(tokens).index_copy_(0, group.places, numbers)
        bias = _bias(visible(group.mask, window), dtype)
        blocks.append(AttentionBlock(texts, tokens, len(numbers), there, group.places, bias))
    return blocks


def _window(tokens: int, dtype: torch.dtype, window: int | None, device: torch.device) -> Tensor | None:
    """The bias of texts without padding."""
    if window is None or window >= tokens:
        return None
    return _bias(near(tokens, window, device)[None, None], dtype)


def _bias(seen: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, torch.finfo(dtype).min)


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    blocks: list[AttentionBlock],
    heads: int,
    dropout: float = 0.0,
    scale: float | None = None,
) -> Tensor:
    """`(real, hidden)` each -> `(real, hidden)`."""
    sizes = [block.real for block in blocks]
    queries, keys, values = query.split(sizes), key.split(sizes), value.split(sizes)
    seen: list[Tensor] = []
    for number, block in enumerate(blocks):
        q = _pad(queries[number], block).view(block.texts, block.tokens, heads, -1).transpose(1, 2)
        k = _pad(keys[number], block).view(block.texts, block.tokens, heads, -1).transpose(1, 2)
        v = _pad(values[number], block).view(block.texts, block.tokens, heads, -1).transpose(1, 2)
        out = functional.scaled_dot_product_attention(q, k, v, block.bias, dropout, scale=scale)
        seen.append(_unpad(out.transpose(1, 2).reshape(block.texts * block.tokens, -1), block))
    return seen[0] if len(seen) == 1 else torch.cat(seen)


def _pad(packed: Tensor, block: AttentionBlock) -> Tensor:
    """`(real, hidden)` -> `(text * token, hidden)`."""
    there, back = block.there, block.back
    if there is None or back is None:
        return packed
    if not torch.jit.is_scripting() and packed.requires_grad:
        return _Pad.apply(packed, there, back)
    return packed.index_select(0, there)


def _unpad(padded: Tensor, block: AttentionBlock) -> Tensor:
    """`(text * token, hidden)` -> `(real, hidden)`."""
    back = block.back
    if back is None:
        return padded
    if not torch.jit.is_scripting() and padded.requires_grad:
        return taken(padded, back)
    return padded.index_select(0, back)


class _Pad(torch.autograd.Function):
    """Its own backward: index_select's adds, which is slow, and here each token has one place with a gradient."""

    @staticmethod
    def forward(ctx: Any, packed: Tensor, there: Tensor, back: Tensor) -> Tensor:
        ctx.save_for_backward(back)
        return packed.index_select(0, there)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return grad.index_select(0, ctx.saved_tensors[0]), None, None
