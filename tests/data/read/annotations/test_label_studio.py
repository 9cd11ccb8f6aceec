from __future__ import annotations

import json
from typing import Any

import pytest

from tests.data.read.annotations.reading import message, values
from tests.forms.exports import choice, region, task

TEXT = "Mara flew to Oslo"


def export(write: Any, *tasks: dict) -> str:
    return write("a.json", json.dumps(tasks))


def test_the_columns_of_a_task(write):
    assert values(export(write, task(1, {"text": TEXT, "source": "web"}, [region(0, 4, "PER")]))) == [
        {"text": TEXT, "source": "web", "id": 1, "spans": [{"start": 0, "end": 4, "label": "PER"}]}
    ]


def test_a_region_with_two_labels_is_two_entities(write):
    both = region(0, 4, "PER")
    both["value"]["labels"].append("PILOT")
    (row,) = values(export(write, task(1, {"text": TEXT}, [both])))
    assert [one["label"] for one in row["spans"]] == ["PER", "PILOT"]


def test_a_mention_elsewhere_is_kept_for_the_check_of_spans(write):
    other = region(0, 4, "PER")
    other["value"]["text"] = "Oslo"
    (row,) = values(export(write, task(1, {"text": TEXT}, [other])))
    assert row["spans"] == [{"start": 0, "end": 4, "label": "PER", "text": "Oslo"}]


def test_the_text_of_entities_goes_before_that_of_choices(write):
    results = [choice("kind", "news", target="title"), region(0, 4, "PER")]
    (row,) = values(export(write, task(1, {"title": "Travel", "text": TEXT}, results)))
    assert (row["text"], row["title"], row["label"]) == (TEXT, "Travel", ["news"])


def test_without_a_text_that_fits_there_is_none(write):
    (row,) = values(export(write, task(1, {"one": "a", "two": "b"}, [choice("kind", "news")])))
    assert row == {"one": "a", "two": "b", "id": 1, "spans": [], "label": ["news"]}


def test_data_keeps_its_own_label_and_answers_where_nothing_else_is_one(write):
    data = {"text": TEXT, "label": "old", "question": "Who?", "answers": [{"text": "Mara", "answer_start": 0}]}
    (row,) = values(export(write, task(1, data, [{"type": "rating", "from_name": "r", "value": {"rating": 3}}])))
    assert (row["label"], row["answers"], row["score"]) == ("old", data["answers"], 3)


def test_two_sets_of_choices_are_columns(write):
    rows = [
        task(1, {"text": "a"}, [choice("topic", "day"), choice("tone", "pos")]),
        task(2, {"text": "b"}, [choice("tone", "neg")]),
    ]
    first, second = values(export(write, *rows))
    assert "label" not in first and "label" not in second
    assert (first["topic"], first["tone"], second["tone"]) == (["day"], ["pos"], ["neg"])


def test_a_control_goes_before_data_of_its_name(write):
    path = export(write, task(1, {"text": "a", "tone": "as imported"}, [choice("tone", "pos")]))
    assert values(path, columns={"label": "tone"})[0]["tone"] == ["pos"]


def test_choices_that_come_late_are_told(write):
    rows = [task(number, {"text": "a"}, [choice("tone", "pos")]) for number in range(100)]
    path = export(write, *rows, task(100, {"text": "b"}, [choice("topic", "day")]))
    assert message(path) == (
        "a.json:1  has classes of a control that no earlier task has: topic; "
        "name the column of the label: data.columns.label=topic"
    )


@pytest.mark.parametrize("kind", ["hypertextlabels", "paragraphlabels"])
def test_places_that_are_not_of_a_text(write, kind):
    result = {**region(0, 4, "PER"), "type": kind}
    assert f"has {kind}, whose places are not characters of a text" in message(
        export(write, task(1, {"text": TEXT}, [result]))
    )


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ({"annotations": [7]}, "annotations holds an element that is not an object"),
        ({"annotations": [{"result": {}}]}, "result is not a list"),
        ({"annotations": [{"result": [{"type": "labels", "value": []}]}]}, "has a result whose value is not an object"),
        ({"annotations": [{"result": [{"type": "labels", "value": {"labels": "PER"}}]}]}, "labels is not a list"),
    ],
)
def test_malformed_tasks(write, broken, what):
    good = task(1, {"text": TEXT}, [])
    told = message(export(write, good, {"id": 2, "data": {"text": TEXT}, **broken}))
    assert told.startswith("a.json:1  ") and what in told


def test_an_id_before_the_data_of_json_min(write):
    row = {"id": 1, "text": "a", "call": {"number": 5}, "tone": "pos", "annotator": 1, "annotation_id": 2}
    assert values(write("a.json", json.dumps([row]))) == [
        {"id": 1, "text": "a", "call": {"number": 5}, "tone": "pos", "spans": [], "label": ["pos"]}
    ]
    row = {"id": 1, "review": "a", "tone": "pos", "annotator": 1, "annotation_id": 2}
    (found,) = values(write("b.json", json.dumps([row])))
    assert "label" not in found and found["tone"] == "pos"


def test_regions_of_a_web_page_in_json_min(write):
    value = {"start": "/p[1]", "end": "/p[1]", "startOffset": 0, "endOffset": 4, "text": "Mara", "labels": ["PER"]}
    told = message(write("a.json", json.dumps([{"html": "<p>Mara</p>", "id": 1, "label": [value]}])))
    assert "has hypertextlabels" in told
