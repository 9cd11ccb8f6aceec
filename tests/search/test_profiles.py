"""Profiles, on data of which the right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.errors import DataError
from bertkit.search.exact import unit
from bertkit.search.profiles import (
    DAY,
    Catalogue,
    HiddenLast,
    History,
    hit_rates,
    leave_last_out,
    popular,
    recommend,
    weights_of,
)

ANGLES = {"n0": 0, "n1": 10, "n2": 20, "n3": 80, "n4": 90, "n5": 100}
CATALOGUE = Catalogue(
    [*ANGLES], unit(np.array([[np.cos(np.radians(a)), np.sin(np.radians(a))] for a in ANGLES.values()]))
)


def seen(*items: str, days: tuple[float, ...] = ()) -> History:
    times = [DAY * day for day in days] or [0.0] * len(items)
    return History([*items], times, [1.0] * len(items))


def test_the_nearest_documents_that_were_not_seen() -> None:
    picks = recommend(CATALOGUE, {"ann": seen("n0", "n2")}, 2, None)["ann"]
    assert [pick.id for pick in picks] == ["n1", "n3"]
    assert picks[0].cosine == pytest.approx(1, abs=1e-5)
    assert picks[1].cosine == pytest.approx(np.cos(np.radians(70)), abs=1e-5)
    assert picks[1].reason == "n2"


def test_what_is_long_ago_counts_less() -> None:
    reads = seen("n0", "n4", days=(0, 30))
    assert weights_of(reads, 30) == pytest.approx([0.5, 1])
    assert weights_of(reads, None) == pytest.approx([1, 1])
    assert [pick.id for pick in recommend(CATALOGUE, {"bob": reads}, 1, 3)["bob"]] == ["n3"]
    old = recommend(CATALOGUE, {"bob": seen("n4", "n0", days=(0, 30))}, 1, 3)["bob"]
    assert [(pick.id, pick.reason) for pick in old] == [("n1", "n0")]


def test_a_weight_counts() -> None:
    reads = History(["n0", "n4"], [0, 0], [1.0, 20.0])
    assert recommend(CATALOGUE, {"cat": reads}, 1, None)["cat"][0].id == "n3"


def test_a_document_read_twice_is_seen_once() -> None:
    picks = recommend(CATALOGUE, {"dan": seen("n0", "n0", "n1")}, 10, None)["dan"]
    assert [pick.id for pick in picks] == ["n2", "n3", "n4", "n5"]


def test_the_most_read_documents() -> None:
    users = {"ann": seen("n0", "n1"), "bob": seen("n1", "n2"), "cat": seen("n1", "n2", "n2")}
    assert popular(users, 2) == {"ann": ["n2"], "bob": ["n0"], "cat": ["n0"]}


def test_the_last_document_is_hidden_and_found_again() -> None:
    """Two groups of users, each reading one side. Popularity can not tell them apart; a profile does."""
    east = {f"e{i}": seen("n0", "n1", "n2") for i in range(3)}
    north = {f"n{i}": seen("n3", "n4", "n5") for i in range(2)}
    lonely = {"one": seen("n0"), "same": seen("n1", "n1")}
    found = leave_last_out(CATALOGUE, {**east, **north, **lonely}, 1, None)
    assert found.users == ["e0", "e1", "e2", "n0", "n1"]
    assert found.profile.tolist() == [True] * 5
    assert found.popularity.tolist() == [False] * 5
    more = leave_last_out(CATALOGUE, {**east, "x": seen("n3", "n2")}, 1, None)
    assert more.profile.tolist() == [True, True, True, False]
    assert more.popularity.tolist() == [False] * 4  # n0 and n1 are the most read


def test_hit_rates_with_a_paired_test() -> None:
    """Of ten users the profile finds eight, popularity two of these: six differ, all to one side."""
    one, other = np.array([True] * 8 + [False] * 2), np.array([True] * 2 + [False] * 8)
    rates, test = hit_rates(HiddenLast([f"u{n}" for n in range(10)], one, other))
    assert (rates["profile"][0], rates["popularity"][0]) == (0.8, 0.2)
    low, high = rates["profile"][1]
    assert low < 0.8 < high
    assert test.difference == pytest.approx(0.6)
    assert test.p == pytest.approx(2 / 2**6)
    with pytest.raises(DataError, match="no user has two documents"):
        hit_rates(HiddenLast([], one[:0], other[:0]))


def test_a_hidden_document_was_not_seen_before() -> None:
    found = leave_last_out(CATALOGUE, {"ann": seen("n1", "n0", "n1")}, 1, None)
    assert found.profile.tolist() == [True]


def test_the_popular_are_those_that_a_user_has_not_seen() -> None:
    each = {"a": ["x", "y"], "b": ["x"], "c": ["z", "x"]}
    users = {name: History(items, [0.0] * len(items), [1.0] * len(items)) for name, items in each.items()}
    assert popular(users, 1) == {"a": ["z"], "b": ["y"], "c": ["y"]}
    assert popular(users, 5)["b"] == ["y", "z"]
