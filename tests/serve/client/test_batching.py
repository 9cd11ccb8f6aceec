"""How rows are cut into requests: without a network."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bertkit.serve.client.batching import CHARACTERS, ROWS, Packing, batches, length_of


@given(st.lists(st.text(max_size=12)), st.integers(1, 5), st.integers(1, 30))
def test_every_row_is_in_one_batch_and_batches_hold_their_limits(rows: list[str], most: int, characters: int) -> None:
    packing = Packing(most, characters)
    found = [batch for row in rows if (batch := packing.add(row))]
    found += [batch] if (batch := packing.rest()) else []
    assert [row for batch in found for row in batch.rows] == rows
    start = 0
    for batch in found:
        assert batch.start == start
        assert 0 < len(batch.rows) <= most
        assert len(batch.rows) == 1 or sum(map(len, batch.rows)) <= characters
        start += len(batch.rows)


def test_rows_are_read_as_they_are_needed() -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield "a"

    assert [len(batch.rows) for batch in islice(batches(endless()), 3)] == [ROWS] * 3
    assert read == 3 * ROWS + 1


def test_long_rows_are_alone() -> None:
    assert [len(batch.rows) for batch in batches(["a" * 2 * CHARACTERS] * 3)] == [1, 1, 1]
    assert [*batches([])] == []


def test_texts_count_wherever_they_stand() -> None:
    rows: list[Any] = ["abc", ["ab", "c"], {"text": "ab", "choices": ["c", ""]}, {"words": ["a", "b", "c"], "n": 5}]
    assert [length_of(row) for row in rows] == [3, 3, 3, 3]
