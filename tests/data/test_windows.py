"""Spans of tokens: windows cover every token, head and tail keep the ends, pairs share as BERT does."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertkit.data.windows import head_and_tail, maximum_context, pair_lengths, windows

lengths = st.integers(0, 400)


@pytest.mark.parametrize(
    ("length", "size", "overlap", "spans"),
    [
        (0, 4, 1, [(0, 0)]),
        (3, 4, 1, [(0, 3)]),
        (4, 4, 1, [(0, 4)]),
        (5, 4, 1, [(0, 4), (3, 5)]),
        (7, 4, 1, [(0, 4), (3, 7)]),
        (8, 4, 1, [(0, 4), (3, 7), (6, 8)]),
        (8, 4, 0, [(0, 4), (4, 8)]),
        (9, 4, 0, [(0, 4), (4, 8), (8, 9)]),
        (6, 4, 3, [(0, 4), (1, 5), (2, 6)]),
        (4, 4, 9, [(0, 4)]),
    ],
)
def test_windows(length: int, size: int, overlap: int, spans: list[tuple[int, int]]) -> None:
    assert windows(length, size, overlap) == spans


@given(length=lengths, size=st.integers(1, 60), data=st.data())
def test_windows_cover_all_and_share_what_they_should(length: int, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, size - 1))
    spans = windows(length, size, overlap)
    assert spans[0][0] == 0
    assert spans[-1][1] == length
    assert all(end - start <= size for start, end in spans)
    for (start, end), (following, last) in itertools.pairwise(spans):
        assert end - start == size, "only the last window may be shorter"
        assert following == end - overlap
        assert last > end, "every window brings something new"


@pytest.mark.parametrize(("size", "overlap"), [(4, 4), (4, 5), (0, 0)])
def test_windows_that_would_never_end(size: int, overlap: int) -> None:
    with pytest.raises(ValueError, match=f"windows of {size} tokens can not overlap by {overlap}"):
        windows(9, size, overlap)


def test_maximum_context_is_googles() -> None:
    """`_check_is_max_context`, token by token; its own example is the second of three windows."""
    for spans, length in (([(0, 5), (3, 8), (6, 9)], 9), ([(0, 4), (1, 5), (2, 6)], 6), ([(0, 3)], 3)):
        found = maximum_context(spans, np.ones(length, np.int64))
        for token in range(length):
            scores = [min(token - a, b - 1 - token) + 0.01 * (b - a) if a <= token < b else -math.inf for a, b in spans]
            assert found[token] == scores.index(max(scores))


def test_maximum_context_of_words_counts_tokens() -> None:
    """The second word has one word on each side in both windows, but more tokens in the second."""
    spans, sizes = [(0, 3), (1, 4)], np.array([1, 2, 2, 9])
    assert maximum_context(spans, sizes).tolist() == [0, 0, 1, 1]
    assert maximum_context([(0, 4)], sizes).tolist() == [0, 0, 0, 0]


def test_head_and_tail_of_the_paper() -> None:
    """Sun et al. 2019 keep the first 128 and the last 382 of 510 tokens: a quarter and three quarters."""
    (_, head), (tail, end) = head_and_tail(1000, 510)
    assert head == 127
    assert end == 1000
    assert end - tail == 383


@given(length=lengths, size=st.integers(0, 60))
def test_head_and_tail_fill_the_room_from_both_ends(length: int, size: int) -> None:
    spans = head_and_tail(length, size)
    if length <= size:
        assert spans == [(0, length)]
        return
    (start, head), (tail, end) = spans
    assert (start, end) == (0, length)
    assert head <= tail
    assert head + end - tail == size
    assert head == size // 4


def as_bert_does(first: int, second: int, size: int) -> tuple[int, int]:
    """`_truncate_seq_pair` of google-research/bert's run_classifier.py: the longer text loses its last token, and of
    equal ones the second."""
    while first + second > size:
        if first > second:
            first -= 1
        else:
            second -= 1
    return first, second


@pytest.mark.parametrize(
    ("first", "second", "size", "kept"),
    [
        (3, 4, 7, (3, 4)),
        (10, 2, 8, (6, 2)),
        (2, 10, 8, (2, 6)),
        (10, 10, 8, (4, 4)),
        (9, 7, 8, (4, 4)),
        (5, 0, 3, (3, 0)),
    ],
)
def test_pair_lengths(first: int, second: int, size: int, kept: tuple[int, int]) -> None:
    assert pair_lengths(first, second, size) == kept


@given(first=lengths, second=lengths, size=st.integers(0, 500))
def test_pair_lengths_fill_the_room_and_cut_the_longer_first(first: int, second: int, size: int) -> None:
    kept, other = pair_lengths(first, second, size)
    assert 0 <= kept <= first
    assert 0 <= other <= second
    assert kept + other == min(size, first + second)
    if kept < first and other < second:
        assert abs(kept - other) <= 1
    elif kept < first:
        assert kept >= other - 1
    elif other < second:
        assert other >= kept - 1


@given(first=lengths, second=lengths, size=st.integers(0, 500))
def test_pair_lengths_are_those_of_bert(first: int, second: int, size: int) -> None:
    """Where both are cut and the room is odd, the last token is the first text's."""
    assert pair_lengths(first, second, size) == as_bert_does(first, second, size)
