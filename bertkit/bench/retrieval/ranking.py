"""Which documents a model finds for each query: by vectors alone, or with the first of them ordered by a re-ranker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.data.beir import Collection
from bertkit.engine.run import Progress
from bertkit.inference.predictor import Predictor
from bertkit.search import exact, vectors
from bertkit.search.kept import Kept, Work
from bertkit.search.reranking import scores_of

Array = NDArray[Any]

FOUND = 100
"""Documents found for each query, as `recall@100` needs them."""


class Ranking(NamedTuple):
    """The documents found for each judged query, the best first."""

    documents: list[Array]
    """Numbers in the collection, `(hit,)` of each query."""
    scores: list[Array]
    """`(hit,)` each, falling."""


@dataclass(frozen=True)
class Ranker:
    """A model that finds documents, or one that re-ranks them."""

    name: str
    predictor: Predictor
    identity: dict[str, str]
    """Hashes of the model (inference/bulk/identity.py)."""


@dataclass(frozen=True)
class Desk:
    """Where numbers are kept, and how progress is shown."""

    folder: Path
    progress: Callable[[str], Progress]
    windows: bool = False
    """Whether long documents are read in windows."""


def search(model: Ranker, collection: Collection, desk: Desk) -> Ranking:
    """The `FOUND` documents whose vectors have the highest cosine with that of each query.

    A document with the id of the query is the query itself, and is left out, as BEIR does.

    Raises:
        ModelError: the vectors hold NaN or infinity.
    """
    documents = vectors.for_documents(model.predictor, windows=desk.windows)

    def of(predictor: Predictor, texts: Sequence[str], what: str) -> Kept:
        label = f"{model.name}: {what} of {collection.name}"
        kept = vectors.vectors(predictor, texts, desk.folder, model.identity, label)
        kept.compute(desk.progress)
        return kept

    corpus = of(documents, collection.texts, "documents")
    queries = of(model.predictor, list(collection.queries.values()), "queries")
    hits = exact.top(queries.whole(), corpus.blocks(), FOUND + 1)
    ranking = Ranking([], [])
    for query, numbers, scores in zip(collection.queries, hits.numbers, hits.scores, strict=True):
        other = numbers != collection.numbers.get(query, -1)
        ranking.documents.append(numbers[other][:FOUND])
        ranking.scores.append(scores[other][:FOUND].astype(np.float64))
    return ranking


def rerank(model: Ranker, first: Ranking, top: int, collection: Collection, desk: Desk) -> Ranking:
    """The first `top` documents of a ranking in the order of a re-ranker's scores, then the others as they were.

    Raises:
        ModelError: answers without a score, or scores that are no numbers.
    """
    queries = list(collection.queries.values())
    rows = [
        {"query": query, "text": collection.texts[number]}
        for query, own in zip(queries, first.documents, strict=True)
        for number in own[:top]
    ]
    predictor = model.predictor
    predictor = vectors.windowed(predictor) if desk.windows else predictor
    reads = [predictor.task.options.model_dump(mode="json"), predictor.task.state]
    label = f"{model.name}: {len(rows):,} pairs of {collection.name}"
    work = Work(predictor, partial(scores_of, model.name), [model.identity, reads, "score"], label)
    kept = Kept(work, rows, desk.folder)
    kept.compute(desk.progress)
    scores, start, ranking = kept.whole(), 0, Ranking([], [])
    for own in first.documents:
        scored = scores[start : start + len(own[:top])]
        start += len(scored)
        order = np.argsort(-scored, kind="stable")
        rest = own[top:]
        below = scored.min(initial=0.0) - 1.0 - np.arange(len(rest))  # any numbers that fall
        ranking.documents.append(np.concatenate([own[:top][order], rest]))
        ranking.scores.append(np.concatenate([scored[order], below]))
    return ranking
