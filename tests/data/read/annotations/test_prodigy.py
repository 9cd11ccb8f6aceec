from __future__ import annotations

from tests.data.read.annotations.reading import lines, message, values
from tests.helpers import warnings

ROW = {"text": "Mara flew", "_task_hash": 1, "answer": "accept", "meta": {"source": "web"}}


def test_questions_about_one_entity_are_told(write, caplog):
    one = {"start": 0, "end": 4, "label": "PER", "token_start": 0, "token_end": 0, "score": 0.5, "text": "Mara"}
    path = write("a.jsonl", lines({**ROW, "spans": [one], "_view_id": "ner", "relations": [{"head": 0}]}))
    assert values(path) == [
        {"text": "Mara flew", "meta": {"source": "web"}, "spans": [{"start": 0, "end": 4, "label": "PER"}]}
    ]
    assert warnings(caplog) == [
        "Prodigy's questions about one entity: other entities of the text are not marked: 1 (a.jsonl:1)",
        "relations between entities, not read: 1 (a.jsonl:1)",
    ]


def test_a_label_beside_matches_of_patterns(write, caplog):
    match = {"start": 0, "end": 4, "pattern": 3}
    path = write("a.jsonl", lines({**ROW, "label": "SPORT", "spans": [match]}))
    assert values(path) == [{"text": "Mara flew", "meta": {"source": "web"}, "spans": [], "label": ["SPORT"]}]
    assert warnings(caplog) == ["spans without a label, left out: 1 (a.jsonl:1)"]


def test_an_accepted_row_without_a_choice_has_no_label(write):
    path = write("a.jsonl", lines({**ROW, "options": [{"id": 1, "text": "a"}], "accept": []}))
    assert values(path)[0]["label"] == []


def test_spans_that_are_not_objects(write):
    path = write("a.jsonl", lines({**ROW, "spans": [[0, 4, "PER"]]}))
    assert "a.jsonl:1  spans holds an element that is not an object: number 1 is a list" in message(path)


def test_answers_of_another_kind_are_no_prodigy_s(write):
    rows = [{"text": "a", "answer": answer, "spans": []} for answer in ([], {}, 1, None, "yes")]
    assert values(write("a.jsonl", lines(*rows))) == rows
