"""Messages that say where, what and what next, and the tree of errors as its module draws it."""

from __future__ import annotations

import re

import pytest

from bertkit import errors
from bertkit.errors import BertkitError, DataError, Problem, did_you_mean


def test_a_problem_reads_where_what_and_what_next() -> None:
    assert str(Problem("a.yaml:3", "model.nam: no such key", "did you mean name?")) == (
        "a.yaml:3  model.nam: no such key; did you mean name?"
    )
    assert str(Problem("a.yaml:3", "no rows")) == "a.yaml:3  no rows"
    assert str(Problem("", "no rows", "look again")) == "no rows; look again"


def test_an_error_holds_all_its_problems_a_line_each() -> None:
    problems = Problem("a.csv:2", "one"), Problem("a.csv:3", "two", "mend it")
    error = DataError(*problems)
    assert error.problems == problems
    assert str(error) == "a.csv:2  one\na.csv:3  two; mend it"


def test_at_makes_the_error_of_one_problem_of_the_same_kind() -> None:
    error = DataError.at("dev.csv:7", "no label", "add one")
    assert type(error) is DataError
    assert error.problems == (Problem("dev.csv:7", "no label", "add one"),)


def test_the_tree_is_the_one_that_is_drawn() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    there = {kind.__name__ for kind in BertkitError.__subclasses__() if kind.__module__ == errors.__name__}
    assert drawn == there
    assert len(there) == 8


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("num_train_epoch", ["num_train_epochs", "learning_rate"], "did you mean num_train_epochs?"),
        ("zzz", ["one", "two"], "known: one, two"),
        ("zzz", [], ""),
        ("zzz", [f"name{i}" for i in range(13)], "known: " + ", ".join(f"name{i}" for i in range(12)) + ", ..."),
        ("1", [1, 22], "did you mean 1?"),
    ],
)
def test_did_you_mean(name: str, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known) == hint
