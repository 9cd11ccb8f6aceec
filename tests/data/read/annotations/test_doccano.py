from __future__ import annotations

import json

from tests.data.read.annotations.reading import lines, message, values


def test_an_unmarked_text_has_neither_entities_nor_classes(write):
    path = write("a.jsonl", lines({"id": 1, "text": "a", "label": [], "Comments": []}, {"id": 2, "text": "b"}))
    full = write("b.jsonl", lines({"id": 3, "text": "c", "label": ["x"]}, {"id": 1, "text": "a", "label": []}))
    assert values(path) == [{"id": 1, "text": "a", "label": [], "Comments": []}, {"id": 2, "text": "b"}]
    assert values(full)[1] == {"id": 1, "text": "a", "spans": [], "label": []}


def test_classes_as_numbers(write):
    row = {"id": 1, "text": "a", "meta": {}, "annotations": [{"label": 3, "user": 1}, {"label": 4, "user": 1}]}
    assert values(write("a.json", json.dumps([row]))) == [{"id": 1, "text": "a", "meta": {}, "label": [3, 4]}]


def test_what_doccano_does_not_write(write):
    rows = [{"id": 1, "text": "a", "label": ["x"]}, {"id": 2, "text": "b", "label": [[0, 1]]}]
    path = write("a.jsonl", lines(*rows))
    assert message(path) == "a.jsonl:2  holds an annotation that doccano does not write: number 1: [0, 1]"


def test_a_class_of_the_csv_may_hold_the_sign_that_joins_them(write):
    path = write("a.csv", "id,text,label,Comments\n1,a,C#,\n2,b,x#y,\n3,c,F##x,\n")
    assert [row["label"] for row in values(path)] == [["C#"], ["x", "y"], ["F##x"]]
