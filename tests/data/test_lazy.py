"""Lazy sequences index as lists do, and read nothing that is not accessed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertkit.data.lazy import LazySequence


class Squares(LazySequence):
    def __init__(self) -> None:
        self.reads: list[int] = []

    def __len__(self) -> int:
        return 5

    def read(self, number: int) -> dict[str, Any]:
        self.reads.append(number)
        return {"square": number**2}


def test_it_indexes_as_a_list_does() -> None:
    lazy, eager = Squares(), [{"square": n**2} for n in range(5)]
    for place in (0, 4, -1, -5, slice(None), slice(1, 4), slice(None, None, -2), slice(9, 12), np.int64(3)):
        assert lazy[place] == eager[place]
    assert list(lazy) == eager
    for place in (5, -6):
        with pytest.raises(IndexError):
            lazy[place]
    with pytest.raises(TypeError):
        lazy["square"]


def test_only_what_is_accessed_is_read() -> None:
    lazy = Squares()
    assert (len(lazy), lazy.reads) == (5, [])
    assert lazy[-2:] and lazy.reads == [3, 4]
