"""Tagged words (CoNLL and JSON lines), questions in SQuAD's layout, and predictions for them."""

from __future__ import annotations

import json
from typing import Any

from tests.fuzz import mutate
from tests.fuzz.case import Case
from tests.fuzz.material import Draw
from tests.fuzz.tables import used, written

READING = [
    "data.bad_rows=skip", "data.bad_rows=skip", "data.encoding_errors=replace", "data.header=false",
    "data.format=conll", "data.format=text", "data.header=[tokens,tags]",
    'data.columns.tags="2"', "data.columns.tokens=tags", "data.glued_digits=true", "data.encoding=gb18030",
]  # fmt: skip


def conll(draw: Draw) -> Case:
    rows = draw.material.rows("ner")
    if draw.often(0.3):
        row = draw.one(*rows)
        row["tokens"][0], row["tags"][-1] = draw.one(*mutate.ODD_TEXTS), draw.one("B-", "X-PER", "E-LOC", "I-PER", "")
    if draw.often(0.25):
        ending, content = "jsonl", written(spans(rows) if draw.often(0.5) else rows, "jsonl", draw)
    else:
        gap = draw.one(" ", "\t", "\t", " _ _ ")
        ending = draw.one("conll", "bio", "conll", "txt")
        blocks = ("".join(f"{word}{gap}{tag}\n" for word, tag in zip(*row.values(), strict=False)) for row in rows)
        text = draw.one("", "", "-DOCSTART- -X- O\n\n", "# text\n") + "\n".join(blocks)
        content = text.encode("utf-8", "surrogatepass")
    if draw.often(0.6):
        content = mutate.damaged(draw.chance, content)
    sets = ["-s", draw.one(*READING)] if draw.often(0.4) else []
    return used(draw, "ner", draw.put(f"rows.{ending}", content), sets)


def spans(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with a text and the places of its entities."""
    made = []
    for row in rows:
        start, found = 0, []
        for word, tag in zip(row["tokens"], row["tags"], strict=True):
            if tag != "O":
                found.append([start, start + len(word), tag[2:]])
            start += len(word) + 1
        made.append({"text": " ".join(row["tokens"]), "spans": found})
    return made


def questions(draw: Draw) -> Case:
    value = squad(draw)
    if draw.often(0.6):
        value = mutate.changed(draw.chance, value)
    content = mutate.to_json(draw.chance, value, indent=draw.one(None, 1))
    if draw.often(0.25):
        content = mutate.damaged(draw.chance, content)
    sets = ["-s", draw.one("data.bad_rows=skip", "data.format=squad", "data.format=json")] if draw.often(0.4) else []
    return used(draw, "squad", draw.put("rows.json", content), sets)


def squad(draw: Draw) -> dict[str, Any]:
    """The task's rows as SQuAD writes them."""
    paragraphs: dict[str, list[dict[str, Any]]] = {}
    for number, row in enumerate(draw.material.rows("squad")):
        answers = [{"text": answer["text"], "answer_start": answer["start"]} for answer in row["answers"]]
        one = {"id": f"q{number}", "question": row["question"], "answers": answers, "is_impossible": not answers}
        paragraphs.setdefault(row["context"], []).append(one)
    listed = [{"context": context, "qas": qas} for context, qas in paragraphs.items()]
    return {"version": "v2.0", "data": [{"title": "t", "paragraphs": listed}]}


def answers(draw: Draw) -> Case:
    """A file of predictions by id, scored as SQuAD's script does."""
    gold = squad(draw)
    predictions: Any = {
        one["id"]: "a man" for one in (qa for paragraph in gold["data"][0]["paragraphs"] for qa in paragraph["qas"])
    }
    odds: Any = dict.fromkeys(predictions, 0.5)
    damage = draw.one("gold", "predictions", "odds")
    if damage == "gold":
        gold = mutate.changed(draw.chance, gold)
    elif damage == "predictions":
        predictions = mutate.changed(draw.chance, predictions)
    else:
        odds = mutate.changed(draw.chance, odds)
    draw.put("gold.json", mutate.to_json(draw.chance, gold))
    draw.put("odds.json", mutate.to_json(draw.chance, odds))
    content = json.dumps(predictions).encode()
    draw.put("p.json", mutate.damaged(draw.chance, content) if draw.often(0.3) else content)
    command = ["eval", "--task", "squad", "--predictions", "p.json", "--data", "gold.json", "-o", "out.json"]
    command += ["--no-answer-probabilities", "odds.json"] if draw.often(0.4) else []
    command += ["--allow-missing"] if draw.often(0.3) else []
    return Case(command, output="out.json")
