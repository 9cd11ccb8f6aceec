"""Leaks, contradictions and repeated rows, each against the row that it repeats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bertkit.understand.errors.repeats import counts_of, more_doubtful, repeats_of
from tests.understand.errors.made import pool_of

TEXTS = [
    "where is my parcel today", "where is my parcel today ?", "Where is  my parcel today", "i want my money back now",
    "i want my money back now !", "hello", "something else again",
]  # fmt: skip


def test_rows_are_held_against_the_first_training_row() -> None:
    pool = pool_of("label", ["a", "a", "b", "c", "c", "d", "e"], TEXTS)
    pool = replace(pool, splits=["test", "train", "train", "train", "validation", "train", "test"])
    found = {(one.kind, one.row): one for one in repeats_of(pool)}
    assert set(found) == {("leak", 0), ("conflict", 2), ("leak", 4)}
    leak, conflict = found["leak", 0], found["conflict", 2]
    assert (leak.other, leak.likeness, leak.differs) == (2, 1.0, True)
    assert (conflict.other, conflict.differs) == (1, True)
    assert 0.8 <= conflict.likeness < 1
    assert not found["leak", 4].differs
    assert counts_of(repeats_of(pool)) == {"leak": 2, "conflict": 1, "duplicate": 0, "exact": 1}


def test_repeated_rows_of_one_split() -> None:
    pool = pool_of("label", ["a"] * 7, TEXTS)
    kinds = [(one.kind, one.row, one.other) for one in repeats_of(pool)]
    assert set(kinds) == {("duplicate", 1, 0), ("duplicate", 2, 0), ("duplicate", 4, 3)}
    assert next(one.likeness for one in repeats_of(pool)) == 1.0


def test_rows_of_validation_and_test_are_no_leak_between_them() -> None:
    pool = pool_of("label", ["a", "a", "b"], [TEXTS[0], TEXTS[0], "train"])
    assert repeats_of(replace(pool, splits=["validation", "test", "train"])) == []


def test_all_texts_of_a_pair_must_be_alike() -> None:
    pool = pool_of("label", ["a", "b", "c"], [TEXTS[0]] * 3, second=["x", "another text", "x"])
    assert [(one.kind, one.row, one.other) for one in repeats_of(pool)] == [("conflict", 2, 0)]


def test_of_two_the_more_doubtful_one_is_wrong() -> None:
    pool = pool_of("label", ["a", "b"], ["the same text"] * 2)
    (one,) = repeats_of(pool)
    assert more_doubtful(one, np.array([0.9, 0.1])) == (0, 1, pytest.approx(0.9))
    assert more_doubtful(one, np.array([0.2, 0.6])) == (1, 0, pytest.approx(0.75))
    assert more_doubtful(one, np.zeros(2)) == (1, 0, 0.5)


def test_only_equal_texts_are_the_same() -> None:
    """Likeness is of the beginning, and of which characters follow each other."""
    start = "the same words of a form that all letters of this office begin with, " * 8
    texts = [f"{start} one", f"{start} another end", "ha ha ha ha", "ha ha ha ha ha ha"]
    found = repeats_of(pool_of("label", ["a"] * 4, texts))
    assert {(one.row, one.other) for one in found} == {(1, 0), (3, 2)}
    assert all(one.likeness < 1 for one in found)
