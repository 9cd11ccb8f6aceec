"""An index that is searched: by vectors, by words, by both, with a re-ranker and with feedback.

index = Index.open("runs/index")
index.search(Query("who wrote it"))                      # the ten documents with the nearest vectors
index.search(Query("who wrote it", by="hybrid", where="year >= 2020", liked=["d3"]))
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bertkit.errors import DataError, Parameter
from bertkit.inference.predictor import Predictor
from bertkit.search.feedback import Rocchio
from bertkit.search.fusion import fused
from bertkit.search.index.about import IndexRecord, VectorModel, open_model, read_about
from bertkit.search.index.lexicon import Lexicon, joined
from bertkit.search.index.store import ID, TEXT, Store
from bertkit.search.reranking import scores_of
from bertkit.search.vectors import vectors_of
from bertkit.warn import warn

Array = NDArray[Any]
By = Literal["vectors", "words", "hybrid"]

DEPTH = 100
"""Documents that each side finds for a fusion, and that are re-ranked."""
NONE = np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True)
class Query:
    """What is asked.

    Args:
        text: may be empty, if documents are liked.
        by: cosines of vectors, BM25 of words, or both, fused by rank.
        where: a filter in SQL over the documents' columns.
        liked, disliked: ids of documents that the query's vector moves to, and away from; they are not found again.
        skip: ids of other documents to leave out.
    """

    text: str
    top: int = 10
    by: By = "vectors"
    where: str | None = None
    liked: Sequence[str] = ()
    disliked: Sequence[str] = ()
    weights: Rocchio = field(default_factory=Rocchio)
    skip: Sequence[str] = ()

    def check(self) -> None:
        """Raise a DataError for what can not be asked."""
        self.weights.check()
        if not self.text.strip() and not self.liked:
            raise DataError.at("the query", "is empty", "name some words, or documents that you like")
        if both := sorted({*self.liked} & {*self.disliked}):
            raise DataError.at(Parameter("liked"), f"{both[0]} is disliked too", "leave one out")
        if (self.liked or self.disliked) and self.by == "words":
            what = "feedback moves the query's vector, and this search has none"
            raise DataError.at(Parameter("liked"), what, "search by vectors, or by both")


@dataclass(frozen=True)
class Hit:
    """A document that was found."""

    id: str
    score: float
    """What the hits are ordered by: a cosine, BM25, a fused score, or the re-ranker's."""
    document: dict[str, Any]
    """Its columns, with `text`."""
    scores: dict[str, float]
    """`cosine` and `bm25`, as far as it was found by them, and `rerank`."""


class Index:
    """An index, its model and its words. `Index.open` opens one; its model is opened when a vector is asked for."""

    def __init__(self, store: Store, about: IndexRecord, open_own: Callable[[], VectorModel]):
        self.store, self.about, self._open_own = store, about, open_own
        self.lexicon = Lexicon(store, about.text_columns)

    @functools.cached_property
    def model(self) -> VectorModel:
        return self._open_own()

    @classmethod
    def open(cls, address: str, *, model: str | None = None, trust_code: bool = False) -> Index:
        """An index.

        Args:
            address: its folder, or what LanceDB connects to.
            model: where its model is, if it was moved.

        Raises:
            RunError: no index, or one of another model than the one that is named. An own model that was changed or
                is gone shows when a vector is asked for.
        """
        store = Store.open(address)
        about = read_about(store.about(), address)
        if not about.finished:
            warn(f"{address}: its build was not finished, so documents are missing: run the same bertkit index build")
        if model is None:
            return cls(store, about, partial(open_model, about, address, trust_code=trust_code))
        given = VectorModel(model, trust_code=trust_code)
        about.check(given, address)
        return cls(store, about, lambda: given)

    def vector(self, text: str) -> Array:
        """Of a query, `(size,)` with length 1."""
        predictor = self.model.queries
        found: Array = vectors_of(predictor.task, predictor.predict([text]))[0]
        return found

    def search(self, query: Query, *, reranker: Predictor | None = None, depth: int = DEPTH) -> list[Hit]:
        """The best documents, at most `top`.

        Args:
            reranker: of a task that scores a text for a query; it orders the first `depth` documents.

        Raises:
            DataError: a query that can not be asked, a filter that is none, or an id that is not there.
        """
        query.check()
        if reranker is not None and not query.text.strip():
            raise DataError.at(Parameter("rerank"), "a re-ranker needs a query", "add words, or leave it out")
        depth = min(depth, max(1, self.store.count()))
        skip = {*query.skip, *query.liked, *query.disliked}
        depth = max(depth, min(query.top, self.store.count())) + len(skip)
        scores: dict[int, dict[str, float]] = {}
        rankings: list[list[int]] = []
        if query.by != "words":
            moved = self._moved(query)
            if query.by == "vectors" and not moved.any():
                what = "the model knows no word of the query: its vector is zero"
                raise DataError.at(Parameter("by"), what, "search by words, or with other words")
            near = self.store.nearest(moved, depth, query.where or None)
            rankings.append(near.rows.tolist())
            for row, cosine in zip(near.rows.tolist(), near.cosines.tolist(), strict=True):
                scores.setdefault(row, {})["cosine"] = cosine
        if query.by != "vectors" and query.text.strip():
            rows, found = self.lexicon.search(query.text, depth, query.where or None)
            rankings.append(rows.tolist())
            for row, score in zip(rows.tolist(), found.tolist(), strict=True):
                scores.setdefault(row, {})["bm25"] = score
        if query.by == "hybrid":
            ordered = fused(rankings, depth)
        else:
            name = "bm25" if query.by == "words" else "cosine"
            ordered = [(row, scores[row][name]) for row in rankings[0]]
        hits = self._hits(ordered, scores, skip)
        if reranker is not None:
            hits = rerank(reranker, query.text, hits, self.about.text_columns)
        return hits[: query.top]

    def _moved(self, query: Query) -> Array:
        own = self.vector(query.text) if query.text.strip() else np.zeros(self.store.size, dtype=np.float32)
        if not query.liked and not query.disliked:
            return own
        liked, disliked = (self.store.vectors(names) if names else NONE for names in (query.liked, query.disliked))
        return query.weights.moved(own, liked, disliked)

    def _hits(self, ordered: list[tuple[int, float]], scores: dict[int, dict[str, float]], skip: set[str]) -> list[Hit]:
        documents = self.store.at([row for row, _ in ordered])
        hits = []
        for row, score in ordered:
            if (document := documents.get(row)) is not None and document[ID] not in skip:
                shown = {name: document[name] for name in self.store.columns if name != ID}
                hits.append(Hit(document[ID], score, shown, scores[row]))
        return hits


def rerank(reranker: Predictor, query: str, hits: list[Hit], columns: Sequence[str]) -> list[Hit]:
    """Hits in the order of a re-ranker's scores.

    Raises:
        ModelError: see `scores_of`.
    """
    if not hits:
        return []
    answers = reranker.predict([{"query": query, TEXT: joined(hit.document, columns)} for hit in hits])
    scores = scores_of("the re-ranker", answers).tolist()
    return [
        Hit(hits[i].id, scores[i], hits[i].document, {**hits[i].scores, "rerank": scores[i]})
        for i in sorted(range(len(hits)), key=lambda i: -scores[i])
    ]
