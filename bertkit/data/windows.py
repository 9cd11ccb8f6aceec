"""Spans of tokens for a text that is too long: truncated, head and tail, or overlapping windows.

Spans are `(start, end)` in tokens (or words) of the text alone, before special tokens are added.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Span = tuple[int, int]


def windows(length: int, size: int, overlap: int) -> list[Span]:
    """Spans of at most `size` tokens that cover `0..length`; neighbours share `overlap` tokens.

    The last window may be shorter. A text that fits, or is empty, gives one span.

    Raises:
        ValueError: `size` is not greater than `overlap`.
    """
    if length <= size:
        return [(0, length)]
    if size <= overlap:
        raise ValueError(f"windows of {size} tokens can not overlap by {overlap}")
    step = size - overlap
    count = 1 + -(-(length - size) // step)
    return [(i * step, min(i * step + size, length)) for i in range(count)]


def head_and_tail(length: int, size: int) -> list[Span]:
    """The first quarter and the last three quarters of `size` tokens (Sun et al. 2019, section 5.3.1: 128 + 382 of
    510 scored best of three ways of truncation)."""
    if length <= size:
        return [(0, length)]
    head = size // 4
    return [(0, head), (length - (size - head), length)]


def maximum_context(spans: Sequence[Span], sizes: np.ndarray) -> np.ndarray:
    """The window where each part of a text (a token or a word) has the most context: its number, `(part,)`.

    The context of a part in a window is the smaller number of tokens beside it, plus a hundredth of the window's
    tokens. Of equal windows the first is taken (google-research/bert, run_squad.py, `_check_is_max_context`).

    Args:
        spans: windows, each from one part to before another; together they cover all parts.
        sizes: tokens of each part, `(part,)`.
    """
    window = np.zeros(len(sizes), dtype=np.int64)
    if len(spans) == 1:
        return window
    ends = np.concatenate([[0], np.cumsum(sizes)])  # tokens before each part, and in all
    best = np.full(len(sizes), -np.inf)
    for number, (start, end) in enumerate(spans):
        before, after = ends[start:end] - ends[start], ends[end] - ends[start + 1 : end + 1]
        context = np.minimum(before, after) + 0.01 * (ends[end] - ends[start])
        better = context > best[start:end]
        window[start:end][better] = number
        best[start:end][better] = context[better]
    return window


def pair_lengths(first: int, second: int, size: int) -> tuple[int, int]:
    """How many tokens of each text of a pair are kept to fit into `size`.

    Tokens are removed from the longer text, or from the second if both are equally long (google-research/bert,
    `_truncate_seq_pair`).
    """
    over = max(0, first + second - size)
    from_longer = min(over, abs(first - second))
    rest = over - from_longer
    more_first, more_second = (from_longer, 0) if first > second else (0, from_longer)
    return first - more_first - rest // 2, second - more_second - (rest + 1) // 2
