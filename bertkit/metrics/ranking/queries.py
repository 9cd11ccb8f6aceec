"""Queries: which rows belong to one, in which order their documents stand, and queries drawn for a resample.

Of equal scores the less relevant document stands first. A model that gives all documents one score then gains nothing
from the order of the file, in which relevant documents often come first, and a figure does not depend on that order.
The price: a tie that trec_eval breaks by the documents' names may there count in the model's favour.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

QUERY, GRADE = 0, 1
"""Columns of the references `(row, 2)`."""


class Ranked(NamedTuple):
    """Documents by query, the highest score first: each array is `(row,)` but `relevant`."""

    query: Array
    """From 0."""
    rank: Array
    """In its query, from 1."""
    grade: Array
    retrieved: Array
    """Whether it was: a judged document that was not stands after all others."""
    relevant: Array
    """`(query,)`: documents with a grade above 0, retrieved or not."""


def query_numbers(references: Array) -> Array:
    """`(row,)`: number of each row's query, from 0 and without gaps."""
    return np.unique(references[:, QUERY], return_inverse=True)[1].reshape(-1)


def ranked(scores: Array, references: Array) -> Ranked:
    """Documents `(row,)` in the order of their scores, by query."""
    query, grade = query_numbers(references), references[:, GRADE]
    order = np.lexsort((grade, -scores, query))
    query, grade = query[order], grade[order]
    rank = np.arange(1, len(query) + 1) - np.searchsorted(query, query)
    relevant = np.bincount(query, weights=grade > 0)
    return Ranked(query, rank, grade, scores[order] > -np.inf, relevant)


def drawn_queries(references: Array) -> Callable[[Array], tuple[Array, Array]]:
    """A function of how often each query is drawn, `(query,)`: the rows of these queries, and their references.

    A query that is drawn twice is two queries in the sample.
    """
    query = query_numbers(references)
    order = np.argsort(query, kind="stable")
    sizes = np.bincount(query)
    rows_of = np.split(order, np.cumsum(sizes)[:-1])

    def draw(counts: Array) -> tuple[Array, Array]:
        drawn = np.repeat(np.arange(len(sizes)), counts.astype(np.int64))
        at = np.concatenate([rows_of[number] for number in drawn])
        sample = references[at]
        sample[:, QUERY] = np.repeat(np.arange(len(drawn)), sizes[drawn])
        return at, sample

    return draw
