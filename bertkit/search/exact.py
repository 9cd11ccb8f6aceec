"""Exact search: the documents whose vectors are nearest to those of queries, by comparing all with all.

Products are taken a block of documents and some queries at a time, in float32, so memory is bounded whatever the number
of documents. The price is time in proportion to that number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CELLS = 2**24
"""Most products in memory at once: 64 MB."""
BLOCK = 2**14
"""Documents of a block of `blocks_of`."""


class Hits(NamedTuple):
    """The documents found for each query, the nearest first; of equally near ones the first of the corpus."""

    numbers: Array
    """`(query, hit)`, from 0."""
    scores: Array
    """`(query, hit)`: products of the vectors; cosines, if these have length 1."""


def unit(vectors: Array) -> Array:
    """`(..., size)` float32 with length 1; a vector of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)


def blocks_of(documents: Array) -> Iterator[Array]:
    """Vectors `(document, size)` in blocks."""
    for first in range(0, len(documents), BLOCK):
        yield documents[first : first + BLOCK]


def top(queries: Array, blocks: Iterable[Array], count: int) -> Hits:
    """The `count` nearest documents of each query; fewer, if there are not so many.

    Args:
        queries: `(query, size)`.
        blocks: the documents in order, `(document, size)` each.
    """
    best = Hits(np.zeros((len(queries), 0), dtype=np.int64), np.zeros((len(queries), 0), dtype=np.float32))
    before = 0
    for block in blocks:
        size = max(1, CELLS // max(1, len(block)))
        found = [_best(queries[first : first + size] @ block.T, count) for first in range(0, len(queries), size)]
        numbers, scores = (np.concatenate(side) for side in zip(*found, strict=True))
        best = _merged(best, Hits(numbers + before, scores), count)
        before += len(block)
    return best


def _best(scores: Array, count: int) -> tuple[Array, Array]:
    """Numbers and scores `(query, hit)` of the highest of each row, in order."""
    count = min(count, scores.shape[1])
    least = np.partition(scores, scores.shape[1] - count, axis=1)[:, scores.shape[1] - count]
    numbers = np.empty((len(scores), count), dtype=np.int64)
    for row, (own, floor) in enumerate(zip(scores, least, strict=True)):
        enough = np.flatnonzero(own >= floor)  # more than `count`, where some are equal
        numbers[row] = enough[np.argsort(-own[enough], kind="stable")[:count]]
    return numbers, np.take_along_axis(scores, numbers, axis=1)


def _merged(best: Hits, new: Hits, count: int) -> Hits:
    """Of both, whose documents come one after the other."""
    numbers, scores = (np.concatenate(pair, axis=1) for pair in zip(best, new, strict=True))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return Hits(np.take_along_axis(numbers, order, 1), np.take_along_axis(scores, order, 1))
