from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from bertkit.data.columns.column import Column
from bertkit.data.columns.offsets import FOUND, UNPLACED
from bertkit.data.dataset import load
from bertkit.data.read.readers import read_records
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

SQUAD = (
    Column("question", "text"),
    Column("context", "text"),
    Column("answers", "answers", answer=True, required=False),
)
CONTEXT = "Oxygen was found by Priestley in 1774."


def question(id: Any = "q1", text: str = "Priestley", start: Any = 20, **more: Any) -> dict[str, Any]:
    return {"id": id, "question": "Who found it?", "answers": [{"text": text, "answer_start": start}], **more}


def squad(*questions: Any, context: Any = CONTEXT, title: str = "Oxygen") -> dict[str, Any]:
    return {"version": "v2.0", "data": [{"title": title, "paragraphs": [{"context": context, "qas": list(questions)}]}]}


def without(item: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in keys}


def rows(path: str, *, answers: bool = True, train: bool = True, **options: Any) -> list[dict[str, Any]]:
    return load([path], SQUAD, DataBlock(**options), answers=answers, train=train).to_list()


def message(path: str, *, answers: bool = True, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        rows(path, answers=answers, **options)
    return str(caught.value)


ROW = {
    "question": "Who found it?",
    "context": CONTEXT,
    "answers": [{"text": "Priestley", "start": 20}],
    "row": 1,
    "place": "a.json[id q1]",
    "id": "q1",
}


def warned(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_question_is_a_row(write):
    impossible = {"id": 7, "question": "Who lost it?", "answers": [], "is_impossible": True}
    path = write("a.json", json.dumps(squad(question(is_impossible=False), impossible)))
    second = {"question": "Who lost it?", "answers": [], "row": 2, "place": "a.json[id 7]", "id": "7"}
    assert rows(path) == [ROW, {**ROW, **second}]
    record = next(iter(read_records([path], DataBlock())))
    assert list(record.values) == ["id", "title", "context", "question", "answers", "is_impossible"]


def test_several_articles_paragraphs_and_answers(write, caplog):
    first, second = squad(question("a"), question("b")), squad(question("c"), question("d"), title="Again")
    second["data"][0]["paragraphs"].append({"context": "x y", "qas": [question("e", "y", 2), question("f", "x", 0)]})
    first["data"] += [*second["data"], {"title": "Empty", "paragraphs": [{"context": "x", "qas": []}]}]
    first["data"][0]["paragraphs"][0]["qas"][0]["answers"].append({"text": "1774", "answer_start": 33})
    found = rows(write("a.json", json.dumps(first)))
    assert [(row["id"], row["row"], row["context"]) for row in found] == [
        (id, number, CONTEXT if number < 5 else "x y") for number, id in enumerate("abcdef", 1)
    ]
    assert [answer["start"] for answer in found[0]["answers"]] == [20, 33]
    assert not warned(caplog)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda v: (v, ""),
        lambda v: (v["data"], ""),
        lambda v: ({"train": v}, "#train"),
        lambda v: (v, "#data"),
        lambda v: (v["data"], ""),
    ],
)
def test_where_the_layout_is_recognised(write, wrap):
    content, key = wrap(squad(question()))
    assert rows(write("a.json", json.dumps(content)) + key) == [ROW]


def test_any_ending_may_be_read_as_squad(write):
    path = write("a.txt", json.dumps({"train": squad(question())}))
    assert rows(f"{path}#train", format="squad") == [{**ROW, "place": "a.txt[id q1]"}]


def test_rows_to_predict_need_no_answers(write):
    path = write("a.json", json.dumps(squad(without(question(), "answers"), {**question("q2"), "question": ""})))
    assert [(row["id"], "answers" in row) for row in rows(path, answers=False)] == [("q1", False), ("q2", False)]


def test_a_file_without_answers_gives_rows_without_them(write):
    assert "answers" not in rows(write("a.json", json.dumps(squad(without(question(), "answers")))))[0]


def test_no_answer_that_is_not_marked(write, caplog):
    path = write("a.json", json.dumps(squad({**question(), "answers": [], "is_impossible": False})))
    assert rows(path)[0]["answers"] == []
    assert warned(caplog) == ["questions without an answer, not marked by is_impossible: 1 (a.json[id q1])"]


def test_answers_beside_their_place_are_moved_and_counted(write, caplog):
    path = write("a.json", json.dumps(squad(question("a", start=21), question("b", start=0), question("c"))))
    assert [row["answers"] for row in rows(path)] == [[{"text": "Priestley", "start": 20}]] * 3
    assert warned(caplog) == [
        "answers not found at their start, moved to their only occurrence: 2 (a.json[id a], a.json[id b])"
    ]


LEFT = "leave such rows out and count them: --set data.bad_rows=skip"
ANSWERS = 'write [{"text": "...", "answer_start": 17}]; [] where there is no answer'
AT = "a.json[article 1 (Oxygen), paragraph 1"

BAD = {
    "text not found": (
        squad(question(text="Lavoisier", start=20)),
        "a.json[id q1]  answers is not at its place: "
        f"'Lavoisier' at 20, where the text has 'Priestley'; not found in the text; correct it, or {LEFT}",
    ),
    "text found twice": (
        squad(question(text="a", start=4), context="b a b a b"),
        "a.json[id q1]  answers is not at its place: 'a' at 4, where the text has 'b'; found 2 times in the text",
    ),
    "a start that is a text": (
        squad(question(start="20")),
        f"a.json[id q1]  answers holds an answer without a whole number as answer_start: number 1 has '20'; {ANSWERS}",
    ),
    "no text": (
        squad({**question(), "answers": [{"answer_start": 20}]}),
        f"a.json[id q1]  answers holds an answer without a text: number 1 has nothing; {ANSWERS}",
    ),
    "answers are a text": (
        squad({**question(), "answers": "Priestley"}),
        "a.json[id q1]  answers is not JSON: Expecting",
    ),
    "no question": (squad(without(question(), "question")), "a.json[id q1]  question is missing; every row needs one"),
    "an empty question": (
        squad({**question(), "question": " "}),
        "a.json[id q1]  question is empty; every row needs one",
    ),
    "no id": (squad(question(), without(question(), "id")), f"{AT}, question 2]  a question without an id; give each"),
    "an id twice": (
        squad(question(), question("q2"), question()),
        "a.json[id q1]  duplicate id: first at question 1 of the file; give each its own",
    ),
    "no context": (
        {"data": [{"paragraphs": [{"qas": [question()]}]}]},
        "a.json[id q1]  no context: its paragraph has none "
        "(article 1, paragraph 1, question 1); every paragraph needs one",
    ),
    "no questions": (
        {"data": [{"title": "Oxygen", "paragraphs": [{"context": "x"}]}]},
        f'{AT}]  no list of qas: found nothing; write "qas": [...]; [] if there are none',
    ),
    "no paragraphs": (
        {"data": [*squad(question())["data"], {"title": "B"}]},
        "a.json[article 2 (B)]  no list of paragraphs",
    ),
    "a paragraph is a text": (
        {"data": [{"paragraphs": ["x"]}]},
        "a.json[article 1, paragraph 1]  not an object: found a text",
    ),
    "impossible, with answers": (
        squad(question(is_impossible=True)),
        "a.json[id q1]  is_impossible is true, but there are "
        "answers; does it have an answer? plausible ones belong under plausible_answers",
    ),
    "answers here, none there": (
        squad(question(), without(question("q2"), "answers")),
        "a.json[id q2]  answers is missing; other rows have it; write an empty list if there is no answer",
    ),
    "dialogues twice": ('{"data": {"dialogues": [], "dialogues": [{"qas": []}]}}', "a.json  a key occurs twice in one"),
    "a paragraph of a list without a context": (
        [{"context": "x", "qas": []}, {"qas": [question()]}],
        "a.json[id q1]  no context: its paragraph has none (paragraph 2, question 1); every paragraph needs one",
    ),
    "a key twice": (
        '{"data": [{"paragraphs": [{"context": "x", "qas": [{"id": "1", "id": "2"}]}]}]}',
        "a.json[article 1, paragraph 1, question 1]  a key occurs twice in one object: 'id'; keep one of them",
    ),
    "data twice": ('{"data": [], "data": [{"paragraphs": []}]}', "a.json  a key occurs twice in one object: 'data'"),
    "no questions at all": ({"data": [{"paragraphs": []}]}, "a.json  no rows; is this the right file?"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(write, name):
    content, expected = BAD[name]
    found = message(write("a.json", content if isinstance(content, str) else json.dumps(content)))
    assert found.startswith(expected)
    assert "\n" not in found


def test_squad_is_asked_for_and_another_layout_found(write):
    assert message(write("a.json", json.dumps([{"question": "a"}])), format="squad") == (
        'a.json  not SQuAD\'s layout: no "data" with a list of articles that have "paragraphs"; '
        "if it is a list of rows: --set data.format=json"
    )


def test_flat_rows_below_data_are_another_layout(write):
    path = write("a.json", json.dumps({"version": 1, "data": [{**question(), "context": CONTEXT}]}))
    assert rows(path)[0]["answers"] == rows(f"{path}#data")[0]["answers"] == ROW["answers"]


def test_bad_questions_are_left_out_and_counted(write, caplog):
    wrong = question("b", text="Lavoisier")
    path = write("a.json", json.dumps(squad(question("a"), wrong, question("c", text="Scheele"), question("a"))))
    assert [row["id"] for row in rows(path, bad_rows="skip")] == ["a"]
    assert warned(caplog) == [
        "rows left out, answers is not at its place: 2 (a.json[id b], a.json[id c])",
        "rows left out, duplicate id: 1 (a.json[id a])",
    ]


def test_a_bad_offset_drops_that_answer_not_the_question(write, caplog):
    golds = [{"text": "Lavoisier", "answer_start": 3}, {"text": "Priestley", "answer_start": 20}]
    path = write("a.json", json.dumps(squad({**question(), "answers": golds}, question("q2", "Scheele", 1))))
    dev = rows(path, train=False)
    assert [[(gold["text"], gold["start"]) for gold in row["answers"]] for row in dev] == [
        [("Lavoisier", None), ("Priestley", 20)],
        [("Scheele", None)],
    ]
    assert warned(caplog) == [f"{UNPLACED}: 2 (a.json[id q1], a.json[id q2])"]
    assert "a.json[id q2]  answers is not at its place: 'Scheele' at 1" in message(path)
    assert [row["id"] for row in rows(path, bad_rows="skip")] == ["q1"]


@pytest.mark.parametrize(
    "golds",
    [
        [{"text": "", "answer_start": -1}],
        [{"text": "", "answer_start": None}],
        [{"text": " "}, {"text": ""}],
        {"text": [""], "answer_start": [-1]},
        {"text": [], "answer_start": []},
        None,
    ],
)
@pytest.mark.parametrize("mark", [{}, {"is_impossible": True}])
def test_notations_of_no_answer(write, caplog, golds, mark):
    path = write("a.json", json.dumps(squad(question(), {**question("q2"), "answers": golds, **mark})))
    assert [len(row["answers"]) for row in rows(path)] == [1, 0]
    assert not warned(caplog)


@pytest.mark.parametrize("train", [True, False])
def test_a_missing_start_is_searched(write, caplog, train):
    path = write("a.json", json.dumps(squad({**question(), "answers": [{"text": "Priestley"}]})))
    assert rows(path, train=train) == [ROW]
    assert warned(caplog) == [f"{FOUND}: 1 (a.json[id q1])"]


def paragraph(*questions: Any, context: str = CONTEXT, **more: Any) -> dict[str, Any]:
    return {"context": context, "qas": list(questions), **more}


def test_a_list_of_paragraphs_and_dialogues(write):
    """As simpletransformers and Molweni have them."""
    both = [paragraph(question("q1")), paragraph(question("q2"), edus=[{"text": "x"}], title="Oxygen")]
    for content in (both, {"data": {"dialogues": both}}, {"dialogues": both}, {"data": both}):
        found = rows(write("a.json", json.dumps(content)))
        assert found == [ROW, {**ROW, "row": 2, "place": "a.json[id q2]", "id": "q2"}]


def test_a_paragraph_a_line(write, caplog):
    lines = [json.dumps(paragraph(question("q1"))), "", json.dumps(paragraph(question("q2"), question("q3")))]
    found = rows(write("a.jsonl", "\n".join(lines)))
    assert [(row["id"], row["row"], row["place"]) for row in found] == [
        (f"q{number}", number, f"a.jsonl[id q{number}]") for number in (1, 2, 3)
    ]
    lines += ["{", json.dumps({"qas": [question("q4")]}), json.dumps(paragraph(question("q1")))]
    assert message(write("b.jsonl", "\n".join(lines))).splitlines()[:3] == [
        "b.jsonl:4  broken JSON: Expecting property name enclosed in double quotes (column 2); "
        "a line is one whole object: {...}",
        "b.jsonl[id q4]  no context: its paragraph has none (line 5, question 1); every paragraph needs one",
        "b.jsonl[id q1]  duplicate id: first at question 1 of the file; give each its own",
    ]
    articles = write("c.jsonl", "\n".join(map(json.dumps, squad(question())["data"])))
    assert rows(articles) == [{**ROW, "place": "c.jsonl[id q1]"}]


def test_paragraphs_without_a_context_are_counted_by_question(write, caplog):
    content = squad(question("a"))
    content["data"][0]["paragraphs"].append({"qas": [question("b"), question("c")]})
    rows(write("a.json", json.dumps(content)), bad_rows="skip")
    assert warned(caplog) == ["rows left out, no context: 2 (a.json[id b], a.json[id c])"]
