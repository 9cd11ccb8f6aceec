"""How single rows were answered (`Task.verdicts`), for each kind of answer.

A metric tells how good all answers are together; a `Verdict` tells of one row what was right, what was given and how
sure that was, so that a report can show the rows behind a figure, and two Runs can be compared row by row.
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
from bertkit.tasks.words import join

NO_LABEL, NO_ENTITY, NO_ANSWER = "no label", "no entity", "no answer"
LONGEST = 120
"""Characters of a choice."""

_CHINESE = re.compile("[\u4e00-\u9fa5]")


def asked(rows: Rows, *names: str) -> list[str]:
    """What was asked in each row: its columns of these names, those that it has, joined by ` | `."""
    parts = [found for name in names if (found := column(rows, name)) is not None]
    return [" | ".join(text for text in row if text) for row in zip(*parts, strict=True)]


def of_labels(answers: list[Answer], rows: Rows, names: Sequence[str]) -> list[Verdict]:
    """Of `classify`: all labels must be right. With several a row, it is as sure as of the least sure of all of them.

    Args:
        names: all labels there are, in their order.
    """
    verdicts = []
    for text, right, answer in zip(asked(rows, "text", "text_pair"), column(rows, "label") or [], answers, strict=True):
        shares = answer["probabilities"]
        several = "labels" in answer
        wanted, found = (set(right), set(answer["labels"])) if several else ({right}, {answer["label"]})
        sure = min(max(p, 1 - p) for p in shares.values()) if several else shares[answer["label"]]
        wish, given = (", ".join(name for name in names if name in side) or NO_LABEL for side in (wanted, found))
        sets = [frozenset((name,) for name in side) for side in (wanted, found)]
        verdicts.append(Verdict(text, wish, given, float(wanted == found), sure, sets[0], sets[1]))
    return verdicts


def of_numbers(answers: list[Answer], rows: Rows) -> list[Verdict]:
    """Of `regress`."""
    given = zip(asked(rows, "text", "text_pair"), column(rows, "score") or [], answers, strict=True)
    return [
        Verdict(text, f"{right:.6g}", f"{answer['score']:.6g}", -abs(answer["score"] - right))
        for text, right, answer in given
    ]


def of_entities(answers: list[Answer], sentences: Sentences, tags: list[list[str]]) -> list[Verdict]:
    """Of `ner`: the F1 of a row's entities, 1 where there are none and none were found.

    Args:
        tags: the right one of each word.
    """
    golds: list[list[tuple[str, int, int]]] = [[] for _ in answers]
    found = metric.entities([[ROLES.get(tag[0], "O") + tag[1:] for tag in row] for row in tags])
    for row, first, end, number in zip(found.sentence, found.first, found.end, found.type, strict=True):
        golds[row].append((found.types[number], int(first), int(end)))
    verdicts = []
    for row, (gold, answer) in enumerate(zip(golds, answers, strict=True)):
        text = sentences.texts[row] if sentences.texts is not None else join(sentences.words[row])
        named = [(entity["type"], entity["first_word"], entity["end_word"]) for entity in answer["entities"]]
        right, given = (
            ", ".join(_entity(sentences, row, *entity) for entity in side) or NO_ENTITY for side in (gold, named)
        )
        sets = frozenset(gold), frozenset(named)
        score = 2 * len(sets[0] & sets[1]) / (len(sets[0]) + len(sets[1])) if gold or named else 1.0
        sure = min((entity["confidence"] for entity in answer["entities"]), default=None)
        verdicts.append(Verdict(text, right, given, score, sure, *sets))
    return verdicts


def entity_errors(predicted: list[list[str]], gold: list[list[str]], sentences: Sentences) -> dict[str, dict[str, Any]]:
    """`Task.error_kinds` of `ner`: the kinds of `metrics.tagging.errors`, with the words of the examples.

    Args:
        predicted, gold: a tag per word, as the metrics take them.
    """

    def shown(row: int, entity: dict[str, Any] | None) -> str | None:
        return None if entity is None else _entity(sentences, row, entity["type"], entity["first"], entity["end"])

    return {
        kind: {
            "gold": found["gold"],
            "predicted": found["predicted"],
            "examples": [
                {"row": row, **{side: shown(row, example[side]) for side in ("gold", "predicted")}}
                for example in found["examples"]
                for row in [example["sentence"]]
            ],
        }
        for kind, found in metric.errors(predicted, gold).items()
    }


def _entity(sentences: Sentences, row: int, type_: str, first: int, end: int) -> str:
    """`John Smith PER`."""
    if sentences.texts is None:
        return f"{join(sentences.words[row][first:end])} {type_}"
    places = sentences.characters[row]
    return f"{sentences.texts[row][places[first][0] : places[end - 1][1]]} {type_}"


def of_answers(answers: list[Answer], rows: Rows, golds: list[list[str]]) -> list[Verdict]:
    """Of `squad`: F1 as the official scripts have it; of a question in Chinese by characters, as CMRC 2018's."""
    verdicts = []
    for text, right, answer in zip(asked(rows, "question", "context"), golds, answers, strict=True):
        question = text.partition(" | ")[0]
        given = answer["answer"]
        score = f1(given, right, "cmrc" if right and _CHINESE.search(question) else "v2")
        first = next(iter(right), "") or NO_ANSWER
        verdicts.append(Verdict(text, first, given or NO_ANSWER, score, answer["confidence"]))
    return verdicts


def of_choices(answers: list[Answer], rows: Rows, choices: list[list[str]], right: Sequence[int]) -> list[Verdict]:
    """Of `choice`."""
    verdicts: list[Verdict] = []
    texts = asked(rows, "text", "question")
    for text, shown, number, answer in zip(texts, choices, right, answers, strict=True):
        wish, given = (short(shown[side], LONGEST) for side in (number, answer["label"]))
        verdicts.append(Verdict(text, wish, given, float(number == answer["label"]), answer["probability"]))
    return verdicts


def short(text: Any, most: int) -> str:
    """A text of at most so many characters, white space in one; what is cut off is told by an ellipsis."""
    text = " ".join(str(text).split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
