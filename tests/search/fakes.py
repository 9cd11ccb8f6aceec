"""A model that is a table: texts whose vectors and scores are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from bertkit.data.columns.column import Column
from bertkit.tasks.texts import TextOptions


class TableTask:
    """Looks a text's vector up; counts what it read."""

    columns = (Column("text", "text"), Column("label", "label", answer=True))
    answer_columns = ("vector",)
    state: dict[str, Any]

    def __init__(self, options: Any, state: dict[str, Any]):
        self.options, self.state = options, state

    def for_documents(self) -> TableTask:
        return type(self)(self.options, {**self.state, "prompt": "document "})

    def to_columns(self, answer: dict[str, Any]) -> dict[str, Any]:
        return {"vector": answer["vector"]}

    def messages(self, counts: dict[str, int]) -> tuple[list[str], list[str]]:
        return ([f"{counts['texts']} texts read, {self.options.long_text}"], []) if counts else ([], [])


class TablePredictor:
    """What `bertkit.search` uses of a Predictor."""

    recipe = SimpleNamespace(task="table")
    limit = 512

    def __init__(self, vectors: Mapping[str, Sequence[float]], prompt: str = ""):
        self.vectors = vectors
        self.task: Any = TableTask(TextOptions(), {"prompt": prompt})
        self.read: list[str] = []

    def with_task(self, task: Any) -> TablePredictor:
        other = TablePredictor(self.vectors)
        other.task, other.read = task, self.read
        return other

    def prepare(self, rows: Sequence[dict[str, Any]]) -> Any:
        counts = {"texts": len(rows)}
        return SimpleNamespace(rows=rows, encoded=SimpleNamespace(counts=counts))

    def answer(self, prepared: Any, progress: Any) -> list[dict[str, Any]]:
        (texts,) = progress([[row["text"] for row in prepared.rows]])
        self.read += [f"{self.task.state['prompt']}{text}" for text in texts]
        return [{"vector": self.vectors[text]} for text in texts]


class ScoringPredictor(TablePredictor):
    """Scores of pairs."""

    def __init__(self, scores: Mapping[tuple[str, str], float]):
        super().__init__({})
        self.scores = scores
        self.task.columns = (Column("query", "text"), Column("text", "text"), Column("score", "number", answer=True))

    def answer(self, prepared: Any, progress: Any) -> list[dict[str, Any]]:
        self.read += [row["text"] for row in prepared.rows]
        return [{"score": self.scores[row["query"], row["text"]]} for row in prepared.rows]


def angle(degrees: float) -> list[float]:
    """A vector of length 1 in a plane."""
    return [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))]


def quiet(label: str) -> Any:
    """Shows no progress."""
    return iter
