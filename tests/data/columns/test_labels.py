from __future__ import annotations

from typing import Any

import pytest
from datasets import Dataset

from bertkit.data.columns.labels import check_classes, check_labels, distinct_labels, natural, read_label_names
from bertkit.errors import DataError


def dataset(*labels: Any) -> Dataset:
    return Dataset.from_dict({"label": labels, "place": [f"a.csv:{i}" for i in range(2, len(labels) + 2)]})


def message(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        call(*arguments, **options)
    return str(caught.value)


def test_names_are_given_or_not():
    assert read_label_names(None) is None
    assert read_label_names(["b", " a "]) == ["b", "a"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("n.txt", "b\na c\n"),
        ("n.txt", b"\xef\xbb\xbfb\r\n a c\r\n\r\n"),
        ("n.json", '["b", "a c"]'),
    ],
)
def test_names_from_a_file(write, name, content):
    assert read_label_names(write(name, content)) == ["b", "a c"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("a\n\nb\n", "n.txt:2  an empty label name"),
        ("a\nb\na\n", "n.txt:3  the label 'a' occurs twice; first at n.txt:1"),
        ("", "n.txt:1  an empty label name"),
        (b"\xe9\n", "n.txt  can not be read: 'utf-8' codec"),
    ],
)
def test_wrong_files_of_names(write, content, what):
    assert message(read_label_names, write("n.txt", content)).startswith(what)


@pytest.mark.parametrize(
    ("content", "what"),
    [('{"a": 1}', "expected a list of texts"), ("[1]", "expected a list of texts"), ("[", "can not be read: ")],
)
def test_wrong_json_files_of_names(write, content, what):
    assert message(read_label_names, write("n.json", content)).startswith(f"n.json  {what}")


def test_wrong_lists_of_names(write):
    assert message(read_label_names, ["a", "", "a"]).split("\n") == [
        "data.label_names[1]  an empty label name",
        "data.label_names[2]  the label 'a' occurs twice; first at data.label_names[0]",
    ]
    assert message(read_label_names, []) == "data.label_names  no label names"
    assert "nothing.txt can not be read: No such file" in message(read_label_names, "nothing.txt")


def test_found_names_are_in_natural_order():
    assert distinct_labels(dataset("10", "2", "-1", "2"), "label") == ["-1", "2", "10"]
    assert distinct_labels(dataset("grade 10", "Grade 2", "a", "2", "10x", "01", "1"), "label") == [
        "01",
        "1",
        "2",
        "10x",
        "a",
        "Grade 2",
        "grade 10",
    ]
    assert distinct_labels(dataset(["b", "a"], [], ["c"]), "label") == ["a", "b", "c"]


def test_labels_of_plain_rows():
    rows = [{"label": "b"}, {"label": "a"}]
    assert distinct_labels(rows, "label") == ["a", "b"]
    assert message(check_labels, rows, "label", ["b"], "train").startswith("row 2  train: the label 'a' is not ")


def test_known_labels_are_fine():
    check_labels(dataset("a", "b"), "label", ["a", "b", "c"], "validation")
    check_labels(dataset(["a"], []), "label", ["a", "b", "c"], "validation")


def test_unknown_labels_are_told_with_their_places():
    rows = dataset("entailment", "Entailment", "entailmnt", "-1")
    names = ["entailment", "neutral"]
    assert message(check_labels, rows, "label", names, "validation", given=False).split("\n") == [
        "a.csv:3  validation: the label 'Entailment' is not in the training rows; did you mean entailment?",
        "a.csv:4  validation: the label 'entailmnt' is not in the training rows; did you mean entailment?",
        "a.csv:5  validation: the label '-1' is not in the training rows; -1 marks a hidden label: "
        "a test set without answers can only be predicted",
    ]


@pytest.mark.parametrize(
    ("given", "origin"), [(True, "one of data.label_names"), (False, "in the training rows"), (None, "a known label")]
)
def test_the_message_says_where_the_names_are_from(given, origin):
    found = message(check_labels, dataset("c"), "label", ["a", "b"], "test", given=given)
    assert found == f"a.csv:2  test: the label 'c' is not {origin}; known: a, b"


def test_many_unknown_labels_are_counted():
    found = message(check_labels, dataset(*["x"] * 63), "label", ["a", "b"], "test")
    assert found.endswith("\nand 53 more rows like these")


def test_classes_that_can_be_learnt(caplog):
    check_classes(dataset("a", "b"), "label", ["a", "b"])
    check_classes(dataset(["a"]), "label", ["a"])
    check_classes(dataset(["a", "b", "c"]), "label", ["a", "b", "c"])
    assert not caplog.messages


def test_one_class_only():
    assert message(check_classes, dataset("a", "a"), "label", ["a"]).startswith("column label  only one label: a; ")


def test_fewer_rows_than_classes():
    found = message(check_classes, dataset("a", "b"), "label", ["a", "b", "c"])
    assert found.startswith("column label  2 training rows for 3 labels; ")


def test_classes_without_a_row_are_warned_of(caplog):
    check_classes(dataset(*"aabbaabba"), "label", list("abcdefgh"))
    assert caplog.messages == ["labels without training rows, which can not be learnt: 6 (c, d, e, f, g, ...)"]


def test_names_of_thousands_of_digits_have_an_order_too():
    long = "7" * 5000
    assert sorted([long, "10", "2", f"a{long}", "a10", "a2"], key=natural)[:2] == ["2", "10"]
