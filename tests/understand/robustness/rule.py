"""Predictors whose answers are known: a rule takes the place of the model, and the words that of the tokens."""

from __future__ import annotations

import binascii
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bertkit.engine.examples import Encoded
from bertkit.inference.predictor import Prepared
from bertkit.inference.seen import Seen
from bertkit.tasks.ner.sentences import sentences_of
from bertkit.tasks.task import Task
from bertkit.understand.robustness.clean import CleanRows, shown
from tests.helpers import make

Rule = Callable[[dict[str, Any]], dict[str, Any]]


class RulePredictor:
    """As much of a Predictor as robustness uses.

    Args:
        rule: row -> answer.
    """

    limit = 64

    def __init__(self, task: Task, rule: Rule):
        self.task, self.rule, self.asked = task, rule, 0
        self.tokenizer = SimpleNamespace(mask_token="[MASK]")

    def prepare(self, rows: Any) -> Prepared:
        ids = [[binascii.crc32(word.encode()) for word in shown(row, self.task).lower().split()] for row in rows]
        examples = [{"row": number, "input_ids": np.array(own)} for number, own in enumerate(ids)]
        return Prepared([dict(row) for row in rows], Encoded(examples), Seen())

    def answer(self, prepared: Prepared, *, progress: Any = iter) -> list[dict[str, Any]]:
        self.asked += len(prepared.rows)
        return [self.rule(row) for row in prepared.rows]

    def predict(self, rows: Any, *, quiet: bool = False, progress: Any = iter) -> list[dict[str, Any]]:
        return self.answer(self.prepare(rows))


def label_answer(label: str, labels: list[str], sure: float = 0.9) -> dict[str, Any]:
    """An answer of classify."""
    other = (1 - sure) / max(1, len(labels) - 1)
    probabilities = {name: sure if name == label else other for name in labels}
    return {"label": label, "probabilities": probabilities, "logits": probabilities}


def by_words(table: dict[str, str], default: str) -> tuple[Task, Rule]:
    """classify: the label of the first word of a text that the table has."""
    labels = sorted({*table.values(), default})
    task = make("classify", {})
    task.state["labels"] = labels

    def rule(row: dict[str, Any]) -> dict[str, Any]:
        found = (table[word] for word in row["text"].lower().split() if word in table)
        return label_answer(next(found, default), labels)

    return task, rule


def ner_oracle() -> tuple[Task, Rule]:
    """ner: each row's own entities."""
    task = make("ner", {})
    task.state |= {"labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"], "scheme": "IOB2"}

    def rule(row: dict[str, Any]) -> dict[str, Any]:
        sentences, tags = task._gold([row])  # type: ignore[attr-defined]
        return ner_answer(row, tags[0], sentences)

    return task, rule


def ner_answer(row: dict[str, Any], tags: list[str], sentences: Any = None) -> dict[str, Any]:
    """An answer of ner, of tags in IOB2."""
    sentences = sentences or sentences_of([row])
    starts = [n for n, tag in enumerate(tags) if tag[0] == "B"]
    entities = []
    for first in starts:
        end = next((n for n in range(first + 1, len(tags)) if tags[n][0] != "I"), len(tags))
        one = {"type": tags[first][2:], "first_word": first, "end_word": end, "confidence": 0.9}
        words = sentences.words[0][first:end]
        if sentences.texts:
            start, stop = sentences.characters[0][first][0], sentences.characters[0][end - 1][1]
            one |= {"start": start, "end": stop, "text": sentences.texts[0][start:stop]}
        else:
            one |= {"text": " ".join(words)}
        entities.append(one)
    text = {"text": row["text"]} if sentences.texts else {}
    return {"words": sentences.words[0], "tags": tags, "probabilities": [0.9] * len(tags), "entities": entities, **text}


def squad_oracle() -> tuple[Task, Rule]:
    """squad: each row's first answer."""
    task = make("squad", {"no_answer": True})

    def rule(row: dict[str, Any]) -> dict[str, Any]:
        return squad_answer(row["answers"][0]["text"] if row["answers"] else "")

    return task, rule


def squad_answer(text: str, sure: float = 0.8) -> dict[str, Any]:
    entry = {"text": text, "start": None, "end": None, "start_logit": 1.0, "end_logit": 1.0, "probability": sure}
    return {
        "answer": text, "start": None, "end": None, "score": 1.0, "confidence": sure,
        "no_answer_probability": 1 - sure, "n_best": [entry],
    }  # fmt: skip


def clean_rows(made: tuple[Task, Rule], rows: list[dict[str, Any]], *, right: bool = True) -> CleanRows:
    """The rows with the answers of a rule."""
    predictor: Any = RulePredictor(*made)
    return CleanRows(predictor, rows, right=right, name="rows")
