"""What a suite may hold, in which order it is worked on, and what of it is chosen."""

from __future__ import annotations

import pytest

from bertkit.bench.suite import Entry, Suite, check, in_order, select
from bertkit.errors import RecipeError


def suite_of(*names: str, **starts: str) -> Suite:
    return Suite("mine", tuple(Entry(name, "classify", starts_from=starts.get(name, "")) for name in names))


def test_each_entry_comes_after_the_one_that_it_starts_from() -> None:
    suite = suite_of("rte", "sst", "mrpc", "mnli", rte="mnli", mrpc="rte")
    check(suite)
    assert [entry.name for entry in in_order(suite)] == ["mnli", "rte", "sst", "mrpc"]
    assert [entry.name for entry in in_order(suite_of("b", "a", b="gone"))] == ["b", "a"]


def test_a_circle_is_told() -> None:
    with pytest.raises(RecipeError, match="in a circle: a -> b -> c -> a"):
        check(suite_of("a", "b", "c", a="b", b="c", c="a"))
    with pytest.raises(RecipeError, match="in a circle: a -> a"):
        check(suite_of("x", "a", a="a"))


def test_names_are_folders_and_stand_once() -> None:
    with pytest.raises(RecipeError) as raised:
        check(suite_of("a", "a", "../up", "b c"))
    assert [problem.reason for problem in raised.value.problems] == [
        "a stands twice",
        "'../up' can not name a folder",
        "'b c' can not name a folder",
    ]
    check(suite_of("新闻分类", "意图-1", "हिन्दी", "é"))
    for bad in ("-a", "\u0301e", "a/b", "a.b", "新 闻", ""):
        with pytest.raises(RecipeError, match="can not name a folder"):
            check(suite_of(bad))
    with pytest.raises(RecipeError, match="é stands twice"):
        check(suite_of("é", "e\u0301"))
    with pytest.raises(RecipeError, match="新 is too long to name a folder; at most 200 bytes: 66"):
        check(suite_of("新" * 67))
    with pytest.raises(RecipeError, match="has no tasks"):
        check(Suite("mine", ()))
    check(Suite("mine", (), absent={"a": "no file"}))


def test_some_of_them() -> None:
    suite = Suite("mine", suite_of("a", "bert", "c").entries, absent={"d": "no file", "e": "no file"})
    assert select(suite, ()) is suite
    chosen = select(suite, ("d", "c", "a"))
    assert [entry.name for entry in chosen.entries] == ["a", "c"]
    assert chosen.absent == {"d": "no file"}
    with pytest.raises(RecipeError) as raised:
        select(suite, ("bart", "a", "a"))
    assert [str(problem) for problem in raised.value.problems] == [
        "--tasks  mine has no bart; did you mean bert?",
        "--tasks  a: stands twice",
    ]
    with pytest.raises(RecipeError, match="nothing is left to run: d: no file"):
        select(suite, ("d",))
