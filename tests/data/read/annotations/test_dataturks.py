from __future__ import annotations

import pytest

from tests.data.read.annotations.reading import lines, message, values


def entity(start: object, end: object, text: str, *labels: str) -> dict:
    return {"label": list(labels), "points": [{"start": start, "end": end, "text": text}]}


def test_ends_are_the_last_character_and_labels_may_be_several(write):
    path = write("a.jsonl", lines({"content": "Mara flew", "annotation": [entity(0, 3, "Mara", "PER", "PILOT")]}))
    assert values(path) == [
        {
            "text": "Mara flew",
            "spans": [{"start": 0, "end": 4, "label": "PER"}, {"start": 0, "end": 4, "label": "PILOT"}],
        }
    ]


def test_classes_as_one_text_and_none(write):
    rows = [{"content": "a", "annotation": {"labels": "x"}}, {"content": "b", "annotation": {"labels": None}}]
    assert [row["label"] for row in values(write("a.jsonl", lines(*rows)))] == [["x"], []]


@pytest.mark.parametrize(
    ("annotation", "what"),
    [
        ({"labels": [7]}, "holds a label that is not a text: [7]"),
        ([7], "annotation holds an element that is not an object"),
        ([{"label": ["PER"], "points": 3}], "points is not a list"),
        ("PER", "annotation is not a list"),
    ],
)
def test_malformed_rows(write, annotation, what):
    good = {"content": "a", "annotation": {"labels": ["x"]}}
    told = message(write("a.jsonl", lines(good, {"content": "b", "annotation": annotation})))
    assert told.startswith(f"a.jsonl:2  {what}")
