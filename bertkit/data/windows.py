"""Spans of tokens for a text that is too long: truncated, head and tail, or overlapping windows.

Spans are `(start, end)` in tokens of the text alone, before special tokens are added.
"""

from __future__ import annotations

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


def shares(first: int, second: int, size: int) -> tuple[int, int]:
    """How many tokens of each text of a pair fit into `size`: tokens are removed from the longer text, or from the
    second if both are equally long (google-research/bert, `_truncate_seq_pair`)."""
    over = max(0, first + second - size)
    from_longer = min(over, abs(first - second))
    rest = over - from_longer
    more_first, more_second = (from_longer, 0) if first > second else (0, from_longer)
    return first - more_first - rest // 2, second - more_second - (rest + 1) // 2
