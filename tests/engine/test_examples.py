"""What is asked of all examples at once: looked up one by one, or told by the sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from bertkit.engine.cache import StoredExamples
from bertkit.engine.examples import highest_of, identity_of, lengths_of, rows_of

ITEMS: list[dict[str, Any]] = [
    {"row": 0, "input_ids": np.array([4, 9, 2], dtype=np.int32)},
    {"row": 2, "input_ids": np.array([7], dtype=np.int32)},
    {"row": 2, "input_ids": np.array([5, 5], dtype=np.int32)},
]


class Told(list[dict[str, Any]]):
    """Examples that must not be looked at."""

    lengths = np.array([3, 1, 2])
    highest = 30521
    identity = "abc"

    def __getitem__(self, number: Any) -> Any:
        raise AssertionError(number)

    def __iter__(self) -> Any:
        raise AssertionError


def test_plain_items_are_looked_at() -> None:
    assert lengths_of(ITEMS).tolist() == [3, 1, 2]
    assert rows_of(ITEMS).tolist() == [0, 2, 2]
    assert highest_of(ITEMS) == 9
    assert identity_of(ITEMS) != identity_of(ITEMS[:2])
    assert lengths_of([]).tolist() == rows_of([]).tolist() == []
    assert highest_of([]) == 0


def test_a_sequence_may_tell_it_itself() -> None:
    told = Told(ITEMS)
    assert lengths_of(told).tolist() == [3, 1, 2]
    assert rows_of(told).tolist() == [0, 1, 2]
    assert (highest_of(told), identity_of(told)) == (30521, "abc")


def test_stored_items_tell_what_their_arrays_say() -> None:
    values = {"input_ids": np.array([4, 9, 2, 7, 5, 5], dtype=np.int32), "row": np.array([0, 2, 2])}
    stored = StoredExamples(values, {"input_ids": np.array([3, 4, 6])})
    for asked in (lengths_of, rows_of):
        assert asked(stored).tolist() == asked(ITEMS).tolist()
    assert highest_of(stored) == highest_of(ITEMS)
