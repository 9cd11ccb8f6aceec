from __future__ import annotations

import json

import pytest

from bertkit.data.read.annotations.spacy import paired
from tests.data.read.annotations.reading import lines, message, records, values
from tests.helpers import warnings


@pytest.mark.parametrize(
    ("value", "is_pair"),
    [
        (["a", {"entities": []}], True),
        (["a", {}], True),
        (["a", {"other": 1}], False),
        (["a", "b"], False),
        (["a", {"cats": {}}, 1], False),
        ({"text": "a"}, False),
    ],
)
def test_pairs(value, is_pair):
    assert paired(value) == ({"text": "a", "annotations": value[1]} if is_pair else value)


def test_pairs_keep_their_lines_and_names_of_columns_are_not_theirs(write):
    path = write("a.json", '[\n["a", {"cats": {"x": 1}}],\n["b", {"cats": {"x": 0.4, "y": 0.5}}]\n]')
    assert [(row.place, row.values) for row in records(path)] == [
        ("a.json:2", {"text": "a", "label": ["x"]}),
        ("a.json:3", {"text": "b", "label": ["y"]}),
    ]
    assert values(path, header=["one", "two"])[0] == {"one": "a", "two": {"cats": {"x": 1}}}


def test_rows_with_classes_in_an_object(write):
    row = {"text": "a", "meta": 1, "cats": {"x": 1, "y": 0}, "entities": [[0, 1, "A"]]}
    assert values(write("a.jsonl", lines(row))) == [
        {"text": "a", "meta": 1, "spans": [[0, 1, "A"]], "label": ["x"]},
    ]


def test_what_is_not_read_is_counted(write, caplog):
    path = write("a.jsonl", lines(["a", {"entities": [], "spans": {"sc": [[0, 1, "A"]]}, "links": {"(0, 1)": {}}}]))
    assert values(path) == [{"text": "a", "spans": []}]
    assert warnings(caplog) == [
        "spans of spaCy's, not read: 1 (a.jsonl:1)",
        "links of spaCy's, not read: 1 (a.jsonl:1)",
    ]


@pytest.mark.parametrize(
    ("given", "what"),
    [({"entities": 3}, "entities is not a list"), ({"cats": {"x": "yes"}}, "cats is not an object of numbers")],
)
def test_malformed_annotations(write, given, what):
    told = message(write("a.jsonl", lines(["a", {"entities": []}], ["b", given])))
    assert told.startswith(f"a.jsonl:2  {what}")


def test_the_ner_annotator_counts_texts_that_were_left_open_as_bad_rows(write):
    content = {"classes": ["PER"], "annotations": [["Mara", {"entities": [[0, 4, "PER"]]}], None]}
    path = write("a.json", json.dumps(content))
    assert message(path).startswith("a.json:1  not an object")
    assert values(path, bad_rows="skip") == [{"text": "Mara", "spans": [[0, 4, "PER"]]}]
