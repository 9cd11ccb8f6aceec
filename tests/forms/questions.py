"""Questions with answers in a text, in the layouts of data sets and tools."""

from __future__ import annotations

import json
from typing import Any

from tests.forms import Form

CONTEXT = "Mara took the ferry to Oslo on Monday."


def question(number: int, *answers: tuple[str, int | None], **more: Any) -> dict[str, Any]:
    golds = [{"text": text, "answer_start": start} for text, start in answers]
    return {"id": f"q{number}", "question": "Where did she go?", "answers": golds, **more}


def articles(*questions: dict[str, Any]) -> dict[str, Any]:
    return {"version": "v2.0", "data": [{"title": "Ferry", "paragraphs": paragraphs(*questions)}]}


def paragraphs(*questions: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"context": CONTEXT, "qas": list(questions)}]


def form(name: str, content: Any, answers: dict[str, int], **more: Any) -> Form:
    files = {"a.json": json.dumps(content)}
    return Form(name, files, "a.json", sum(answers.values()), answers, task="squad", inputs=[CONTEXT], **more)


OSLO = question(1, ("Oslo", 23))
EMPTY = {"text": [""], "answer_start": [-1]}

FORMS = [
    form("SQuAD 1.1", articles(OSLO), {"Oslo": 1}),
    form("SQuAD 2.0", articles(OSLO, question(2, is_impossible=True)), {"Oslo": 1, "no answer": 1}),
    form("no answer as an empty text at -1", articles(OSLO, question(2, ("", -1), is_impossible=True)),
        {"Oslo": 1, "no answer": 1}),
    form("the same without is_impossible", articles(OSLO, question(2, ("", -1)), question(3, ("", None))),
        {"Oslo": 1, "no answer": 2}),
    form("the same as two lists", articles(OSLO, {**question(2), "answers": EMPTY}), {"Oslo": 1, "no answer": 1}),
    Form("one bad offset of two", {"a.json": json.dumps(articles(question(1, ("Oslo", 23), ("Oslo city", 9))))},
        "a.json", 1, {"Oslo": 1, "Oslo city": 1}, task="squad",
        warns=["answers without a place in their text, used for scoring alone: 1 (a.json[id q1])"]),
    form("answers without a start", articles(question(1, ("Oslo", None))), {"Oslo": 1},
        warns=["answers without a start, found at their only occurrence: 1"]),
    form("simpletransformers", paragraphs(OSLO, question(2, is_impossible=True)), {"Oslo": 1, "no answer": 1}),
    form("Molweni", {"data": {"dialogues": [{**paragraphs(OSLO)[0], "edus": []}]}}, {"Oslo": 1}),
    Form("a paragraph a line", {"a.jsonl": "\n".join(json.dumps(paragraphs(question(n, ("Oslo", 23)))[0])
        for n in (1, 2))}, "a.jsonl", 2, {"Oslo": 2}, task="squad", inputs=[CONTEXT]),
    Form("Hugging Face's two lists", {"a.jsonl": json.dumps({"id": "1", "question": "Where?", "context": CONTEXT,
        "answers": {"text": ["Oslo", "to Oslo"], "answer_start": [23, 20]}})}, "a.jsonl", 1,
        {"Oslo": 1, "to Oslo": 1}, task="squad"),
]  # fmt: skip
