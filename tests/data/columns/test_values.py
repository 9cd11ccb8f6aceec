from __future__ import annotations

import datetime
import decimal
from typing import Any

import pytest

from bertkit.data.columns.values import Values
from bertkit.data.read.rows import Tally, Unusable
from bertkit.errors import DataError, Setting
from bertkit.recipe.schema import DataBlock


def take(kind: str, value: Any, **options: Any) -> Any:
    return Values(DataBlock(**options), Tally()).take(kind, value, "a:1")


def refusal(kind: str, value: Any, **options: Any) -> str:
    with pytest.raises(Unusable) as caught:
        take(kind, value, **options)
    return str(caught.value)


@pytest.mark.parametrize("text", ["a", " NA ", "007", "null", "中文", "🙂", "a\nb", "\ufffd"])
def test_texts_are_kept_exactly(text):
    assert take("text", text) == text


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (None, "is missing"),
        ("", "is empty"),
        (" \n\t\u3000", "is empty"),
        (3, "is not a text: found a number (3)"),
        (2.5, "is not a text: found a number (2.5)"),
        (True, "is not a text: found true or false (True)"),
        (["a"], "is not a text: found a list (['a'])"),
        (datetime.date(2020, 1, 1), "is not a text: found of type date (datetime.date(2020, 1, 1))"),
        ("a\ud83d", "holds half a character: a lone \\ud800 to \\udfff"),
    ],
)
def test_what_is_no_text(value, what):
    assert refusal("text", value) == what


def test_a_text_beyond_the_limit():
    assert take("text", "x" * 10, max_characters=10)
    with pytest.raises(Unusable) as caught:
        take("text", "x" * 1_011, max_characters=10)
    assert str(caught.value) == "is too long: 1,011 characters, data.max_characters is 10"
    assert caught.value.problem.remedy.endswith("if it is intended")
    assert caught.value.problem.setting == Setting("data.max_characters", 1_011)


def test_empty_texts_are_kept_and_counted_where_rows_are_only_predicted(caplog):
    tally = Tally()
    values = Values(DataBlock(), tally, keep_empty=True)
    assert [values.take("text", text, f"a:{i}") for i, text in enumerate(["", "x", " "])] == ["", "x", " "]
    tally.warn()
    assert caplog.messages == ["empty texts: 2 (a:0, a:2)"]


@pytest.mark.parametrize(
    ("value", "name"), [("yes", "yes"), ("007", "007"), (7, "7"), (0, "0"), (True, "true"), (False, "false")]
)
def test_labels_become_names(value, name):
    assert take("label", value) == name


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_label(value):
    assert refusal("label", value) == "is missing"


@pytest.mark.parametrize("value", [1.0, float("nan"), [1.0], {"a": 1}])
def test_what_is_no_label(value):
    assert refusal("label", value).startswith("is not a label: found a")


def test_a_list_of_one_label_is_that_label():
    assert take("label", ["a"]) == "a"
    assert refusal("label", []) == "is missing"
    for several in (["a", "b"], [["a"]]):
        assert refusal("label", several).startswith("is a list, not one label")


def test_white_space_around_labels_is_removed_and_counted(caplog):
    tally = Tally()
    values = Values(DataBlock(), tally)
    assert [values.take("label", label, f"a:{i}") for i, label in enumerate([" yes", "no", "yes "])] == [
        "yes",
        "no",
        "yes",
    ]
    tally.warn()
    assert caplog.messages == ["labels with white space around them, removed: 2 (a:0, a:2)"]


IDS = {"label_ids": True, "label_names": ["no", "yes"]}


@pytest.mark.parametrize(("value", "name"), [(0, "no"), ("1", "yes"), (" 1 ", "yes")])
def test_positions_become_names(value, name):
    assert take("label", value, **IDS) == name


@pytest.mark.parametrize("value", [2, "2", "yes", "-2", True, "1.0", "²"])
def test_wrong_positions(value):
    assert refusal("label", value, **IDS).startswith("is no position in data.label_names: ")


@pytest.mark.parametrize("value", [-1, "-1"])
def test_the_position_of_a_hidden_label(value):
    with pytest.raises(Unusable) as caught:
        take("label", value, **IDS)
    assert str(caught.value) == "is -1, which marks a hidden label"
    assert "can only be predicted" in caught.value.problem.remedy


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("a,b", ["a", "b"]),
        (" a , b c", ["a", "b c"]),
        ("", []),
        (" ", []),
        (["a", 2], ["a", "2"]),
        ([], []),
        ("7", ["7"]),
    ],
)
def test_several_labels(value, names):
    assert take("labels", value) == names


def test_several_labels_with_another_separator_and_positions():
    assert take("labels", "a,b|c", label_separator="|") == ["a,b", "c"]
    assert take("labels", "1,0", **IDS) == ["yes", "no"]
    assert take("labels", [1], **IDS) == ["yes"]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (None, "is missing"),
        ("a,,b", "has an empty label: 'a,,b'"),
        ("a,b,", "has an empty label: 'a,b,'"),
        (["a", ""], "is missing"),
        ("a,b,a", "holds a label twice: a, b, a"),
        ([2, "2"], "holds a label twice: 2, 2"),
        (3, "is not a list of labels: found a number"),
        ([["a"]], "is not a label: found a list (['a'])"),
    ],
)
def test_wrong_lists_of_labels(value, what):
    assert refusal("labels", value) == what


@pytest.mark.parametrize(
    ("value", "number"),
    [("3", 3.0), (" -2.5e-1 ", -0.25), ("+.5", 0.5), ("1.", 1.0), (4, 4.0), (decimal.Decimal("1.5"), 1.5), (0.1, 0.1)],
)
def test_numbers(value, number):
    found = take("number", value)
    assert found == number
    assert isinstance(found, float)


@pytest.mark.parametrize("value", ["3,5", "1_000", "NA", "nan", "inf", "0x1", "٣", True, [], "1 2"])
def test_what_is_no_number(value):
    assert refusal("number", value).startswith("is not a number: ")


@pytest.mark.parametrize("value", ["1e999", float("nan"), float("inf"), 10**400])
def test_numbers_that_are_not_finite(value):
    assert refusal("number", value).startswith("is not a finite number: ")


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_number(value):
    assert refusal("number", value) == "is missing"


def settled(labels: list[Any], **options: Any) -> None:
    values = Values(DataBlock(**options), Tally())
    for line, label in enumerate(labels, 1):
        values.take("label", label, f"a:{line}")
    values.settle()


@pytest.mark.parametrize("labels", [["1", 1, "2"], ["1", "x"], [1, 2], [True, False], ["-1", "x"], [-1, "x", "1"][1:]])
def test_labels_that_go_together(labels):
    settled(labels)


def test_labels_of_different_types_are_told_with_the_first_of_each():
    with pytest.raises(DataError) as caught:
        settled(["1", 2, "x", 3, True])
    assert str(caught.value).split("\n") == [
        "a:2  labels of different types: 2 is a number",
        "a:3  labels of different types: 'x' is a name",
        "a:5  labels of different types: True is true or false",
        "which of them name the same label? write all as texts",
    ]


@pytest.mark.parametrize("labels", [["0", "1", "-1", "-1"], [0, 1, -1]])
def test_minus_one_among_numbers_is_a_hidden_label(labels):
    with pytest.raises(DataError, match=r"a:3  the label -1 usually marks a hidden label; .*list all labels in"):
        settled(labels)


def test_minus_one_may_be_a_class_of_the_users():
    settled(["1", "-1"], label_names=["-1", "0", "1"])


def test_numbers_with_a_decimal_comma():
    assert [take("number", text, decimal=",") for text in ("3,5", "-0,25", "7", "1,5e2")] == [3.5, -0.25, 7, 150]
    assert take("number", 3.5, decimal=",") == 3.5
    for value, block, setting in (
        ("3,5", {}, ","),
        ("3.5", {"decimal": ","}, None),
        ("1.234,5", {"decimal": ","}, None),
    ):
        with pytest.raises(Unusable) as caught:
            take("number", value, **block)
        problem = caught.value.problem
        assert problem.reason == "is not a number"
        assert problem.setting == (Setting("data.decimal", setting) if setting else None)


def test_a_list_of_one_label_is_that_label_and_of_more_is_none():
    assert take("label", ["a"]) == "a"
    assert refusal("label", ["a", "b"]) == "is a list, not one label: ['a', 'b']"
