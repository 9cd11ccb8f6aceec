"""Folds: twins share one, labels are spread, and the same seed gives the same."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.data.check.near import LIKE, likeness
from bertkit.errors import DataError
from bertkit.understand.errors.folds import HELD, assign, groups_of, held_out, notes_of
from tests.understand.errors.made import pool_of


def test_twins_and_near_twins_are_groups() -> None:
    texts = [
        "where is my parcel today", "Where is my parcel  today", "where is my parcel today?", "i want my money back",
        "hello", "i want my money back !", "thank you",
    ]  # fmt: skip
    groups = groups_of(pool_of("label", ["a"] * 7, texts))
    assert groups[0] == groups[1] == groups[2]
    assert groups[3] == groups[5]
    assert len(set(groups.tolist())) == 4


def test_a_chain_of_near_twins_is_one_group() -> None:
    """The first and the last are not alike, but each is like the one between them."""
    texts = ["abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvw", "abcdefghijklmnopqrst", "0123456789 0123456789"]
    groups = groups_of(pool_of("label", ["a"] * 4, texts))
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_rows_of_a_query_stay_together() -> None:
    pool = pool_of(
        "number", [1.0] * 6, [f"document {n} {n}" * 3 for n in "abcdef"], query=["x", "x", "y", "y", "z", "x"]
    )
    groups = groups_of(pool, "query")
    assert groups[0] == groups[1] == groups[5]
    assert groups[2] == groups[3]


def test_labels_are_spread_over_folds() -> None:
    labels = [["a"]] * 40 + [["b"]] * 8 + [["c"]] * 4
    folds = assign(np.arange(52), labels, 4, 0)
    for label, share in (("a", 10), ("b", 2), ("c", 1)):
        own = folds[[row for row, names in enumerate(labels) if label in names]]
        assert np.bincount(own, minlength=4).tolist() == [share] * 4


def test_groups_are_never_divided() -> None:
    draw = np.random.default_rng(0)
    groups = np.unique(draw.integers(0, 30, size=100), return_inverse=True)[1]
    folds = assign(groups, [[]] * 100, 5, 1)
    for group in np.unique(groups):
        assert len(set(folds[groups == group].tolist())) == 1
    assert np.ptp(np.bincount(folds)) <= 6
    assert folds.tolist() == assign(groups, [[]] * 100, 5, 1).tolist()
    assert folds.tolist() != assign(groups, [[]] * 100, 5, 2).tolist()


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([0, 1, 2], "4: more than the 3 rows; use 3"),
        ([0, 0, 0, 0, 1], "4: more than the 5 rows, of which 2 differ; use 2"),
        ([0], "4: more than the 1 row; errors are found in files of hundreds of rows"),
    ],
)
def test_too_few_rows(groups: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        assign(np.array(groups), [[]] * len(groups), 4, 0)


def test_a_tenth_is_held_out_in_whole_groups() -> None:
    groups = np.repeat(np.arange(50), 2)
    rows = np.arange(10, 100)
    held = held_out(groups, rows, [0, 1])
    assert abs(len(held) - HELD * len(rows)) <= 2
    assert set(held.tolist()) < set(rows.tolist())
    assert not set(groups[held].tolist()) & set(groups[np.setdiff1d(rows, held)].tolist())
    assert held.tolist() != held_out(groups, rows, [0, 2]).tolist()
    assert len(held_out(np.array([0, 1]), np.array([0, 1]), [0, 0])) == 1


def test_a_row_that_is_like_two_others_joins_them() -> None:
    text = "where is my parcel that was sent on monday"
    texts = ["abc def " + text, text + " xyz uvw", text, "something else entirely, of no such words"]
    assert likeness((texts[0],), (texts[1],)) < LIKE
    groups = groups_of(pool_of("label", ["a"] * 4, texts))
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_what_groups_leave_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = pool_of("label", ["a"] * 6)
    assert notes_of(pool, np.arange(6), 4) == []
    (note,) = notes_of(pool, np.array([0, 0, 0, 1, 2, 3]), 4)
    assert note.startswith("3 of 6 rows have nearly the same text")
    monkeypatch.setattr("bertkit.understand.errors.folds.ROWS", 5)
    (note,) = notes_of(pool, np.arange(6), 4)
    assert note.startswith("of 6 different rows 5 were compared")
