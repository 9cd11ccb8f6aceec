"""Answers over documents: find passages, read them, and say which one holds the answer, or that none does.

A reader is any task that takes a question and a context (`squad`). It reads each passage alone; the probabilities of
their texts are compared over all passages against one "no answer" (inference/ask.shares).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from bertkit.errors import DataError, ModelError, Parameter
from bertkit.inference.ask import shares
from bertkit.inference.predictor import Predictor
from bertkit.search.index.index import DEPTH, Hit, Index, Query
from bertkit.search.index.lexicon import joined
from bertkit.tasks.task import Answer

READ = ("question", "context")
PASSAGES = 5
"""Passages that are read."""


class Passage(NamedTuple):
    """A document that was read."""

    hit: Hit
    answer: Answer
    share: float | None
    """Probability that it holds the answer, over all passages; None, if the reader answers every question."""

    @property
    def text(self) -> str:
        """What it answers; empty: nothing."""
        return str(self.answer["answer"])


@dataclass(frozen=True)
class Reply:
    """The answer to a question."""

    question: str
    passages: list[Passage]
    """The one with the answer first."""

    @property
    def text(self) -> str | None:
        """None: the documents that were read do not answer it."""
        return (self.passages[0].text or None) if self.passages else None


def check_reader(reader: Predictor, name: str) -> None:
    """Raise a ModelError for a model whose task does not answer questions from a context."""
    inputs = tuple(column.name for column in reader.task.columns if not column.answer and column.required)
    if inputs != READ:
        what = f"its task {reader.recipe.task} does not answer a question from a text"
        raise ModelError.at(name, what, "name a Run of bertkit train squad")


def ask(
    index: Index, reader: Predictor, query: Query, *, reranker: Predictor | None = None, depth: int = DEPTH
) -> Reply:
    """The answer to a question, from the `top` best documents of a query.

    Raises:
        DataError: see `Index.search`.
    """
    if not query.text.strip():
        raise DataError.at("the question", "is empty", "ask something")
    return read(reader, query.text, index.search(query, reranker=reranker, depth=depth), index.about.text_columns)


def read(reader: Predictor, question: str, hits: list[Hit], columns: list[str]) -> Reply:
    """The answer to a question from documents."""
    if not hits:
        return Reply(question, [])
    rows = [{"question": question, "context": joined(hit.document, columns)} for hit in hits]
    answers = reader.predict(rows)
    parts: list[Any] = shares(answers) or [None] * len(answers)
    passages = [Passage(*three) for three in zip(hits, answers, parts, strict=True)]
    return Reply(question, sorted(passages, key=_worth, reverse=True))


def _worth(passage: Passage) -> tuple[bool, float]:
    """Passages with an answer before those without, and among them by probability; without such, by score."""
    value = passage.share if passage.share is not None else float(passage.answer.get("score", 0.0))
    return bool(passage.text), value


class Known(NamedTuple):
    """The nearest known question."""

    hit: Hit | None
    """None: the index is empty, or its filter keeps nothing."""
    answer: str | None
    """None: no known question is near enough."""


def known(index: Index, query: Query, column: str = "answer", threshold: float | None = None) -> Known:
    """The answer of the known question that is nearest to a new one, if it is near enough.

    Args:
        column: of the index, which holds the answers.
        threshold: least score; default: the index's own (`faq.tune`), else none.

    Raises:
        DataError: the index has no such column.
    """
    if column not in index.store.columns:
        what = f"{column}: the index has no such column"
        raise DataError.at(Parameter("answer"), what, f"its columns: {', '.join(index.store.columns)}")
    hits = index.search(replace(query, top=1))
    if not hits:
        return Known(None, None)
    floor = threshold if threshold is not None else index.about.threshold
    near = floor is None or hits[0].score >= floor
    answer = hits[0].document[column]
    text = "" if answer is None else str(answer).strip()
    return Known(hits[0], text if near and text else None)
