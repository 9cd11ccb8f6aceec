"""Which doors can use a model: found by what its task reads and answers, never by its name."""

from __future__ import annotations

from bertkit.search.index.asking import READ
from bertkit.search.reranking import PAIR
from bertkit.serve.served.model import Served


def gives(served: Served) -> list[str]:
    """Names of doors: `predict`, `embeddings`, `keywords`, `rerank`, `reader`."""
    columns = [column for column in served.predictor.task.columns if not column.answer]
    inputs = tuple(column.name for column in columns)
    found = ["predict"]
    if served.vectors is not None:
        found += ["embeddings", "keywords"]
    if inputs == PAIR:
        found.append("rerank")
    if tuple(column.name for column in columns if column.required) == READ:
        found.append("reader")
    return found
