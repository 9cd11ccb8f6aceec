"""Reciprocal rank fusion."""

from __future__ import annotations

import pytest

from bertkit.search.fusion import fused


def test_sums_by_hand() -> None:
    found = fused([[7, 8, 9], [9, 7]], 10)
    assert [number for number, _ in found] == [7, 9, 8]
    assert [score for _, score in found] == pytest.approx([1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62])


def test_of_equal_ones_the_first_of_the_first_ranking() -> None:
    assert [number for number, _ in fused([[1], [2], [3]], 2)] == [1, 2]
    assert fused([], 3) == []
    assert fused([[], []], 3) == []
