"""Marked tokens hold both the number and whether a token is the first of a word."""

from __future__ import annotations

import numpy as np

from bertkit.data.tokenizer.marked import ids_of, is_first, mark, mark_first


def test_marks_are_read_as_they_were_made() -> None:
    ids, first = np.array([0, 7, 30_521]), np.array([1, 0, 1])
    marked = mark(ids, first).astype(np.uint16)
    assert ids_of(marked).tolist() == ids.tolist()
    assert is_first(marked).tolist() == [True, False, True]
    assert mark_first(7) == mark(np.array([7]), np.array([1]))[0]
