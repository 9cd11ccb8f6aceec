"""Verdicts of single rows (`Task.verdicts`), for each kind of answer.

A metric scores all answers together. A `Verdict` has the expected and the predicted answer of one row and its
confidence, so that reports can show the rows behind a figure, and two Runs can be compared row by row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bertkit.data.columns.schemes import ROLES
from bertkit.metrics import tagging as metric
from bertkit.metrics.squad import f1
from bertkit.tasks.ner.sentences import Sentences
from bertkit.tasks.task import Answer, Rows, Verdict
from bertkit.tasks.texts import column
from bertkit.tasks.words import join, joined

NO_LABEL, NO_ENTITY, NO_ANSWER = "no label", "no entity", "no answer"
LONGEST = 120
"""Most characters of a choice that is shown."""

_CHINESE = re.compile("[\u4e00-\u9fa5]")


def inputs_of(rows: Rows, *names: str) -> list[str]:
    """The text of each row for people: the columns with these names that the rows have, joined by ` | `."""
    parts = [values for name in names if (values := column(rows, name)) is not None]
    return [" | ".join(text for text in row if text) for row in zip(*parts, strict=True)]


def of_labels(answers: list[Answer], rows: Rows, names: Sequence[str]) -> list[Verdict]:
    """Of `classify`: all labels of a row must be correct. With several, the confidence is that of the least sure label.

    Args:
        names: all labels, in their order.
    """
    verdicts = []
    texts, labels = inputs_of(rows, "text", "text_pair"), column(rows, "label") or []
    for text, label, answer in zip(texts, labels, answers, strict=True):
        several = "labels" in answer
        sides = (set(label), set(answer["labels"])) if several else ({label}, {answer["label"]})
        expected, predicted = (", ".join(name for name in names if name in side) or NO_LABEL for side in sides)
        sets = [frozenset((name,) for name in side) for side in sides]
        right, sure = float(sides[0] == sides[1]), confidence_of_labels(answer)
        verdicts.append(Verdict(text, expected, predicted, right, sure, sets[0], sets[1]))
    return verdicts


def confidence_of_labels(answer: Answer) -> float:
    """That of the label; of several labels that of the least sure one, predicted or not."""
    if "labels" in answer:
        return float(min(confidences(answer).values()))
    return float(answer["probabilities"][answer["label"]])


def confidences(answer: Answer) -> dict[str, float]:
    """How sure it is of each label that it is there, or that it is not."""
    return {name: p if name in answer["labels"] else 1 - p for name, p in answer["probabilities"].items()}


def of_numbers(answers: list[Answer], rows: Rows) -> list[Verdict]:
    """Of `regress`."""
    triples = zip(inputs_of(rows, "text", "text_pair"), column(rows, "score") or [], answers, strict=True)
    return [
        Verdict(text, f"{score:.6g}", f"{answer['score']:.6g}", -abs(answer["score"] - score))
        for text, score, answer in triples
    ]


def of_entities(answers: list[Answer], sentences: Sentences, tags: list[list[str]]) -> list[Verdict]:
    """Of `ner`: the F1 of a row's entities; 1 if none are labelled and none are predicted.

    Args:
        tags: the labelled tag of each word.
    """
    golds: list[list[tuple[str, int, int]]] = [[] for _ in answers]
    spans = metric.entities([[ROLES.get(tag[0], "O") + tag[1:] for tag in row] for row in tags])
    for row, first, end, number in zip(spans.sentence, spans.first, spans.end, spans.type, strict=True):
        golds[row].append((spans.types[number], int(first), int(end)))
    verdicts = []
    for row, (gold, answer) in enumerate(zip(golds, answers, strict=True)):
        text, places = _text(sentences, row)
        named = [(entity["type"], entity["first_word"], entity["end_word"]) for entity in answer["entities"]]
        expected, predicted = (
            ", ".join(_entity(sentences, row, *entity) for entity in side) or NO_ENTITY for side in (gold, named)
        )
        sets = frozenset(gold), frozenset(named)
        score = 2 * len(sets[0] & sets[1]) / (len(sets[0]) + len(sets[1])) if gold or named else 1.0
        sure = min((entity["confidence"] for entity in answer["entities"]), default=None)
        marks = [tuple((places[a][0], places[b - 1][1], kind) for kind, a, b in side) for side in (gold, named)]
        verdicts.append(Verdict(text, expected, predicted, score, sure, sets[0], sets[1], marks[0], marks[1]))
    return verdicts


def _text(sentences: Sentences, row: int) -> tuple[str, list[tuple[int, int]]]:
    """The text of a row, and where each word begins and ends in it."""
    if sentences.texts is not None:
        return sentences.texts[row], sentences.characters[row]
    return joined(sentences.words[row])


def entity_errors(predicted: list[list[str]], gold: list[list[str]], sentences: Sentences) -> dict[str, dict[str, Any]]:
    """`Task.error_kinds` of `ner`: the kinds of `metrics.tagging.errors`, with the words of the examples.

    Args:
        predicted, gold: a tag per word, as the metrics take them.
    """

    def shown(row: int, entity: dict[str, Any] | None) -> str | None:
        return None if entity is None else _entity(sentences, row, entity["type"], entity["first"], entity["end"])

    return {
        kind: {
            "gold": errors["gold"],
            "predicted": errors["predicted"],
            "examples": [
                {"row": row, **{side: shown(row, example[side]) for side in ("gold", "predicted")}}
                for example in errors["examples"]
                for row in [example["sentence"]]
            ],
        }
        for kind, errors in metric.errors(predicted, gold).items()
    }


def _entity(sentences: Sentences, row: int, type_: str, first: int, end: int) -> str:
    """`John Smith PER`."""
    if sentences.texts is None:
        return f"{join(sentences.words[row][first:end])} {type_}"
    places = sentences.characters[row]
    return f"{sentences.texts[row][places[first][0] : places[end - 1][1]]} {type_}"


def of_answers(answers: list[Answer], rows: Rows, golds: list[list[str]]) -> list[Verdict]:
    """Of `squad`: F1 of the official scripts; for a question in Chinese that of CMRC 2018, by characters."""
    verdicts = []
    labelled = column(rows, "answers") or [[]] * len(answers)
    contexts = column(rows, "context") or [""] * len(answers)
    sources = zip(inputs_of(rows, "question", "context"), golds, answers, contexts, labelled, strict=True)
    for text, texts, answer, context, own in sources:
        question = text.partition(" | ")[0]
        predicted = answer["answer"]
        score = f1(predicted, texts, "cmrc" if texts and _CHINESE.search(question) else "v2")
        first = next(iter(texts), "") or NO_ANSWER
        before = len(text) - len(context)
        marks = _span(own[0]["start"] if own else None, next(iter(texts), ""), context, before)
        verdict = Verdict(text, first, predicted or NO_ANSWER, score, answer["confidence"], expected_spans=marks)
        verdicts.append(verdict._replace(predicted_spans=_span(answer.get("start"), predicted, context, before)))
    return verdicts


def _span(start: int | None, answer: str, context: str, before: int) -> tuple[tuple[int, int, str], ...]:
    """Where an answer stands in a text that ends with the context; empty unless it is there.

    Args:
        start: character of the context.
        before: characters before the context.
    """
    if start is None or not answer or context[start : start + len(answer)] != answer:
        return ()
    return ((before + start, before + start + len(answer), ""),)


def of_choices(answers: list[Answer], rows: Rows, choices: list[list[str]], labels: Sequence[int]) -> list[Verdict]:
    """Of `choice`."""
    verdicts: list[Verdict] = []
    texts = inputs_of(rows, "text", "question")
    for text, own, label, answer in zip(texts, choices, labels, answers, strict=True):
        expected, predicted = (short(own[number], LONGEST) for number in (label, answer["label"]))
        verdicts.append(Verdict(text, expected, predicted, float(label == answer["label"]), answer["probability"]))
    return verdicts


def short(text: Any, most: int) -> str:
    """A text with single spaces, cut to `most` characters; an ellipsis shows that it was cut."""
    text = " ".join(str(text).split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
