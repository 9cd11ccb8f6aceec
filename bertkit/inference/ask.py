"""Texts and questions that come one by one, from a command line or over a network, and their answers.

Several passages for one question are ranked: which one holds the answer, and how sure that is over all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bertkit.errors import DataError, Parameter
from bertkit.inference.predictor import Predictor
from bertkit.tasks.task import Answer

TINY = 1e-290
"""A probability of 0 counts as this, so that odds stay finite."""


@dataclass(frozen=True)
class Answered:
    """Rows and the answer to each."""

    rows: list[dict[str, Any]]
    """With all their columns, also those that the task does not use."""
    answers: list[Answer]
    shares: list[float] | None = None
    """Of passages of one question: see `shares`."""


def ask_texts(predictor: Predictor, texts: Sequence[str], pairs: Sequence[str] = ()) -> Answered:
    """Answers to texts, in order.

    Args:
        pairs: the second text of each; empty: single texts.

    Raises:
        DataError: the task takes no such texts, or the numbers of texts and pairs differ.
    """
    _check_column(predictor, "text")
    texts, pairs = _several(texts), _several(pairs)
    rows = [{"text": text} for text in texts]
    if pairs:
        _check_column(predictor, "text_pair")
        check_pairs(texts, pairs)
        rows = [{**row, "text_pair": pair} for row, pair in zip(rows, pairs, strict=True)]
    return Answered(rows, predictor.predict(rows))


def _several(texts: Sequence[str]) -> Sequence[str]:
    """A single text as a list of one: it is not a list of its characters."""
    return [texts] if isinstance(texts, str) else texts


def check_pairs(texts: Sequence[str], pairs: Sequence[str]) -> None:
    """Raise a DataError where there are second texts, but not one per text."""
    if pairs and len(pairs) != len(texts):
        what = f"number of second texts: {len(pairs)}, number of texts: {len(texts)}"
        raise DataError.at(Parameter("text_pair"), what, "give one per text")


def ask_question(predictor: Predictor, question: str, contexts: Sequence[str]) -> Answered:
    """Answers to a question from one or more passages, the highest score first, with shares where there are several.

    Raises:
        DataError: the task takes no questions.
    """
    _check_column(predictor, "question")
    rows = [{"question": question, "context": context} for context in _several(contexts)]
    answers = predictor.predict(rows)
    parts = shares(answers) if len(answers) > 1 else None
    order = sorted(range(len(answers)), key=lambda number: -answers[number].get("score", 0))
    return Answered(
        [rows[number] for number in order],
        [answers[number] for number in order],
        [parts[number] for number in order] if parts else None,
    )


def _check_column(predictor: Predictor, name: str) -> None:
    names = [column.name for column in predictor.task.columns if not column.answer]
    if name not in names:
        what = f"the task {predictor.recipe.task} takes no {name}"
        raise DataError.at(Parameter(name), what, f"expected columns: {', '.join(names)}")


def best_of(rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    """The highest-scoring row for each value of a column, in the order in which the values first occur.

    Args:
        rows: with the columns of their answers.

    Raises:
        DataError: no such column, answers without a score, or a column `share` already.
    """
    if missing := [name for name in (column, "score") if rows and name not in rows[0]]:
        what = f"{column}: no such column" if missing[0] == column else "these answers have no score to compare"
        raise DataError.at(Parameter("best_of"), what, f"the columns: {', '.join(rows[0])}")
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row[column]), []).append(row)
    return [max(_with_shares(group), key=lambda row: row["score"]) for group in groups.values()]


def _with_shares(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    parts = shares(rows)
    if parts and "share" in rows[0]:
        raise DataError.at(Parameter("best_of"), "the input already has the column share", "rename it")
    return [{**row, "share": share} for row, share in zip(rows, parts, strict=True)] if parts else rows


def shares(answers: Sequence[dict[str, Any]]) -> list[float] | None:
    """Probability of each passage's best text: a softmax over the texts of all passages, and one "no answer" for all.

    Clark & Gardner 2018 (section 3.2) normalise so over paragraphs, in training too. Here every passage is trained
    alone, and "no answer" is what makes passages comparable: its score is set to 0 in each. The price: the temperature
    is fitted to single passages, so over many passages a share is not a calibrated probability.

    Args:
        answers: to one question, or the columns of these answers.

    Returns:
        one share per answer; None where an answer has no `no_answer_probability`.
    """
    if any(answer.get("no_answer_probability") is None for answer in answers):
        return None
    odds = [
        [
            entry["probability"] / max(answer["no_answer_probability"], TINY)
            for entry in answer["n_best"]
            if entry["text"]
        ]
        for answer in answers
    ]
    whole = 1 + sum(map(sum, odds))
    return [max(each, default=0.0) / whole for each in odds]
