"""The positions of the real tokens in a padded batch, and how to pack and unpack them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

LIKE = 0.75
"""A group, padded together for attention, holds texts longer than this share of its longest text, or as `SPARE` allows.
Measured on two cores with 32 texts of 26 to 349 tokens, forward and backward: one group 201 ms, by 0.5 85 ms, by 0.75
70 ms, by 0.9 69 ms; with 32 texts of 5 to 26 tokens 3.6, 2.9, 3.4 and 4.9 ms."""

SPARE = 64
"""Padded tokens that a group may hold whatever the lengths of its texts, as each group costs some operations per layer.
MiniLM, one thread of an AMD EPYC (Zen 4), milliseconds for each of 8, 16 and 32 short texts: without 4.4, 3.7 and 3.6,
with 64 4.1, 3.7 and 3.6, with 256 4.3, 3.9 and 3.8."""

RUN = 4
"""Least texts of a run, on average. MiniLM answers 1,500 short texts in batches of 4,096 tokens: 580 texts a second
without runs, 617, 630 and 619 with at least 1, 4 and 8; in bf16 1,455, and 1,648, 1,745 and 1,749 (two cores of a Xeon
with AMX, medians of five)."""


class Layout(NamedTuple):
    """The real tokens of a padded batch, and where its texts begin among them."""

    places: Tensor
    """`(real,)`: position of each real token in the flattened `(batch * token)`."""
    mask: Tensor
    """`(batch, token)`: whether a token is real."""
    starts: Tensor
    """`(batch + 1,)` int32: where each text begins among the real tokens, and the end of the last."""
    longest: int
    """Tokens of the longest text."""
    groups: tuple[Layout, ...] = ()
    """Layouts of consecutive texts of similar length or with little padding; empty if grouping would not help."""
    runs: tuple[tuple[int, int], ...] = ()
    """Consecutive texts of equal length, as their number and their tokens; empty if there are too few of each, or a
    text has padding within or before it."""
    memo: dict[Any, Any] | None = None
    """What attention.py and blocks.py find out in the first layer, for the others."""


def layout(mask: Tensor) -> Layout | None:
    """The layout of a `(batch, token)` mask; None if nothing is padded, or everything is."""
    mask = mask.bool()
    lengths: list[int] = mask.sum(1).tolist()  # this and `nonzero` wait for the device, once a forward pass
    real = sum(lengths)
    if real in (0, mask.numel()):
        return None
    where = _layout(mask, lengths)._replace(memo={})
    if mask.is_cuda or not _on_the_right(mask):
        return where
    return where._replace(groups=tuple(_groups(mask, lengths)), runs=_runs(lengths))


def _layout(mask: Tensor, lengths: list[int]) -> Layout:
    places = mask.flatten().nonzero()[:, 0]
    starts = functional.pad(mask.sum(1).cumsum(0), (1, 0)).int()
    return Layout(places, mask, starts, max(lengths))


def _groups(mask: Tensor, lengths: list[int]) -> list[Layout]:
    """Groups of a batch sorted from the longest text to the shortest; of any other, none."""
    if lengths != sorted(lengths, reverse=True):
        return []
    first, padded = [0], 0
    for text, length in enumerate(lengths):
        longest = lengths[first[-1]]
        padded += longest - length
        if length < LIKE * longest and padded > SPARE:
            first.append(text)
            padded = 0
    if len(first) == 1 and lengths[0] == mask.shape[1]:
        return []
    runs = [(a, b) for a, b in zip(first, [*first[1:], len(lengths)], strict=True) if lengths[a]]
    return [_layout(mask[a:b, : lengths[a]], lengths[a:b]) for a, b in runs]


def _on_the_right(mask: Tensor) -> bool:
    """Whether all padding stands after the texts."""
    return mask.equal(torch.arange(mask.shape[1], device=mask.device) < mask.sum(1, keepdim=True))


def _runs(lengths: Sequence[int]) -> tuple[tuple[int, int], ...]:
    runs = tuple((len([*texts]), tokens) for tokens, texts in itertools.groupby(lengths) if tokens)
    return runs if len(runs) * RUN <= len(lengths) else ()


class _Spread(torch.autograd.Function):
    """`(real, size)` -> `(places, size)` with zeros between. Its own backward: index_select's adds, which is slow."""

    @staticmethod
    def forward(ctx: Any, packed: Tensor, places: Tensor, count: int) -> Tensor:
        ctx.save_for_backward(places)
        return packed.new_zeros(count, packed.shape[1]).index_copy_(0, places, packed)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return grad.index_select(0, ctx.saved_tensors[0]), None, None


class _Gather(torch.autograd.Function):
    """`(places, size)` -> `(real, size)`."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.count = len(padded)
        return padded.index_select(0, places)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad.new_zeros(ctx.count, grad.shape[1]).index_copy_(0, ctx.saved_tensors[0], grad), None


def spread(packed: Tensor, where: Layout) -> Tensor:
    """`(real, size)` -> `(batch, token, size)`."""
    return _Spread.apply(packed, where.places, where.mask.numel()).view(*where.mask.shape, -1)


def gather(padded: Tensor, where: Layout) -> Tensor:
    """`(batch, token, size)` -> `(real, size)`."""
    return taken(padded.reshape(where.mask.numel(), -1), where.places)


def taken(padded: Tensor, places: Tensor) -> Tensor:
    """`(places, size)` -> `(real, size)`: the rows at `places`, each of which is there once."""
    return _Gather.apply(padded, places)


def visible(mask: Tensor, window: int | None) -> Tensor:
    """Which tokens a token attends to, `(batch, 1, token or 1, token)`, by the `(batch, token)` mask of real ones."""
    keys = mask.bool()[:, None, None, :]
    return keys if window is None else near(mask.shape[1], window, mask.device) & keys


def near(tokens: int, window: int, device: torch.device) -> Tensor:
    """`(token, token)`: whether two tokens are less than `window` positions apart."""
    places = torch.arange(tokens, device=device)
    return (places[:, None] - places).abs() < window
