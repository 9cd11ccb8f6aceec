"""Cells with several labels, as pandas, numpy and spreadsheets write them."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.data.columns.label_cells import joined, listed, split
from bertkit.data.columns.values import Values
from bertkit.data.read.rows import Tally, Unusable
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

NAMES = {"label_names": ["negative", "positive", "neutral"]}


def take(value: Any, kind: str = "labels", **options: Any) -> Any:
    return Values(DataBlock(**options), Tally()).take(kind, value, "a:1")


def refusal(value: Any, kind: str = "labels", **options: Any) -> str:
    with pytest.raises(Unusable) as caught:
        take(value, kind, **options)
    return str(caught.value.at("a.csv:2"))


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ('["a", "b"]', ["a", "b"]),
        ('["a"]', ["a"]),
        ("['a', 'b']", ["a", "b"]),
        ("['a' 'b']", ["a", "b"]),
        ("('a',)", ["a"]),
        ("{'b', 'a'}", ["b", "a"]),
        ("[\"it's\", 'x, y']", ["it's", "x, y"]),
        ('{"a": 0, "b": 1}', ["b"]),
        ("[27, 3]", ["27", "3"]),
        ("[]", []),
        ("set()", []),
        ("(other), a", ["(other)", "a"]),
        ("(other)", ["(other)"]),
    ],
)
def test_lists_in_a_cell(cell: str, names: list[str]) -> None:
    assert take(cell) == names


@pytest.mark.parametrize(
    "value", ["[0, 1, 0]", "[0 1 0]", "[0. 1. 0.]", "[False, True, False]", "0,1,0", [0, 1, 0], [False, True, False]]
)
def test_one_hot_against_the_names(value: Any) -> None:
    assert take(value, **NAMES) == ["positive"]


def test_one_hot_that_can_not_be_read() -> None:
    assert refusal("[0, 1, 0]") == (
        "a.csv:2  is one-hot, and its labels have no names: [0, 1, 0]; name them, in the order of the values: "
        "--set 'data.label_names=[label1,label2,label3]'"
    )
    assert "2 values for 3 label names" in refusal("[0, 1]", **NAMES)
    assert "leave data.label_ids out" in refusal("[0, 1, 0]", label_ids=True, **NAMES)
    # where 0 and 1 are names, they are names
    assert take("[1, 0]", label_names=["0", "1", "2"]) == ["1", "0"]


def test_two_labels_one_hot_show_only_over_all_rows() -> None:
    """`[0, 1]` may be the numbers of two labels; if every row has two such values, it is not."""
    values = Values(DataBlock(), Tally())
    for line, cell in enumerate(("[0, 1]", "[1, 0]"), 1):
        values.take("labels", cell, f"a:{line}")
    with pytest.raises(DataError, match=r"a:1  label is one-hot.*'data.label_names=\[label1,label2\]'"):
        values.settle()
    values.take("labels", "[2]", "a:3")
    values.settle()


@pytest.mark.parametrize("separator", ["|", ";", "\t", "；", "，", "、"])
def test_another_separator_is_refused_with_the_option_that_names_it(separator: str) -> None:
    cell = f"a{separator} b"
    with pytest.raises(Unusable, match="which may separate labels") as caught:
        take(cell)
    assert caught.value.problem.setting is not None
    assert caught.value.problem.setting.value == separator
    assert take(cell, label_separator=separator) == ["a", "b"]
    assert take(cell, label_separator=",") == [cell]  # the recipe says that it belongs to the name
    assert take(cell, label_names=[cell, "c"]) == [cell]


def test_a_list_that_can_not_be_read() -> None:
    assert 'is a list that can not be read: \'[a, b]\'; write ["a", "b"]' in refusal("[a, b]")
    assert take("[NSFW]", label_names=["[NSFW]", "other"]) == ["[NSFW]"]
    for cell in ("['a', nan]", "[007]", r"['\x']", "[" * 9_000 + "]" * 9_000):
        assert listed(cell) is None


def test_a_list_is_not_one_label() -> None:
    for cell in ('["a"]', "['a', 'b']", "[0, 1, 0]"):
        assert "is a list, not one label" in refusal(cell, "label")
        assert "options.multi_label: true" in refusal(cell, "label")
    assert take("[NSFW]", "label") == "[NSFW]"


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        (2, "holds a value that is neither 0 nor 1: b is 2"),
        ("yes", "holds a value that is neither 0 nor 1: b is 'yes'"),
        ("", "holds a value that is neither 0 nor 1: b is empty"),
        (None, "holds a value that is neither 0 nor 1: b is empty"),
        (float("nan"), "holds a value that is neither 0 nor 1: b is nan"),
        (-1, "is -1, which marks a hidden label: b"),
    ],
)
def test_bad_cells_of_one_column_per_label(cell: Any, what: str) -> None:
    assert what in refusal({"a": 0, "b": cell})


@pytest.mark.parametrize("on", [1, "1", True, "True", 1.0, "1.0", " 1 "])
def test_good_cells_of_one_column_per_label(on: Any) -> None:
    assert take({"a": "0", "b": on, "c": False, "d": 0.0}) == ["b"]


@pytest.mark.parametrize("names", [["a", "b"], ["a, b", "c"], ["a|b"], ["[x]", "y"], []])
def test_names_joined_in_a_cell_are_read_again(names: list[str]) -> None:
    for separator in (",", "|"):
        assert split(joined(names, separator), separator, None, chosen=True) == names


def test_words_as_python_prints_them() -> None:
    assert take("['EU', 'rejects']", "words") == ["EU", "rejects"]
    assert take("['B-ORG', 'O']", "tags") == ["B-ORG", "O"]
