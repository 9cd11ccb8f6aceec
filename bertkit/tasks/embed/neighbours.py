"""Vectors compared with each other: cosines, neighbours, and which texts are the right ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

NEAREST = 100
"""Texts that a ranking holds for each row, besides the right ones: what `recall@100` needs."""
BLOCK = 2**24
"""Most cosines in memory at once: 64 MB."""

Array = np.ndarray[Any, Any]


def unit(vectors: Array) -> Array:
    """`(..., size)` with length 1; a vector of zeros stays one."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def cosine(one: Array, other: Array) -> float:
    return float(unit(one.astype(np.float64)) @ unit(other.astype(np.float64)))


def repeats(texts: Sequence[Sequence[str]]) -> dict[str, int]:
    """How many rows share a text or a positive with another row, as counts of `encode`."""
    seen = [Counter(row[place] for row in texts if len(row) > place) for place in (0, 1)]
    shared = sum(any(counts[text] > 1 for counts, text in zip(seen, row, strict=False)) for row in texts)
    return {"repeated": shared}


class Near(NamedTuple):
    """The texts of all rows that are nearest to a row's text, the nearest first."""

    texts: list[str]
    cosines: Array
    right: Array
    """Whether each is a positive of the row, or of another row with the same text."""
    missed: int
    """Positives that are not among them."""


def nearest(vectors: Sequence[Array], texts: Sequence[Sequence[str]]) -> Iterator[Near]:
    """For each row's text, the `NEAREST` of the other texts of all rows.

    Args:
        vectors: `(part, size)` of each row: text, positive, negatives.
        texts: of each row, the same.
    """
    number: dict[str, int] = {}
    right: dict[str, set[int]] = {}
    documents: list[Array] = []
    for row, own in zip(vectors, texts, strict=True):
        for place, text in enumerate(own[1:], 1):
            if text not in number:
                number[text] = len(number)
                documents.append(row[place])
        right.setdefault(own[0], set()).add(number[own[1]])
    names = list(number)
    for first, cosines in _cosines(unit(np.stack([row[0] for row in vectors])), unit(np.stack(documents))):
        for place, found in enumerate(_nearest(cosines, NEAREST)):
            text = texts[first + place][0]
            wanted = right[text]
            near = np.array([one for one in found.tolist() if names[one] != text or one in wanted])
            correct = np.isin(near, [*wanted])
            yield Near([names[one] for one in near], cosines[place, near], correct, len(wanted) - int(correct.sum()))


def ranking(found: Iterable[Near]) -> tuple[Array, Array]:
    """As metrics take it (`Metric.takes`: `ranking`): cosines `(document,)`, minus infinity for a positive that is not
    among the nearest, and `(document, 2)`: number of the row, and 1 for a positive."""
    scores, references = [], []
    for row, near in enumerate(found):
        scores += [near.cosines, np.full(near.missed, -np.inf)]
        grades = np.append(near.right, np.ones(near.missed, dtype=bool))
        references.append(np.stack([np.full(len(grades), row), grades], 1))
    return np.concatenate(scores).astype(np.float64), np.concatenate(references).astype(np.int64)


def nearest_others(vectors: Array) -> Array:
    """`(row,)`: the row whose vector is nearest to each, itself excepted."""
    each = unit(vectors)
    found = []
    for first, cosines in _cosines(each, each):
        cosines[np.arange(len(cosines)), np.arange(first, first + len(cosines))] = -np.inf
        found.append(cosines.argmax(1))
    return np.concatenate(found)


def mean_cosine(vectors: Array) -> float:
    """Of two different rows."""
    total = unit(vectors).sum(0)
    count = len(vectors)
    return float((total @ total - count) / (count * (count - 1))) if count > 1 else 0.0


def _cosines(queries: Array, documents: Array) -> Iterator[tuple[int, Array]]:
    """Cosines `(query, document)` of some queries at a time, with the number of the first."""
    size = max(1, BLOCK // len(documents))
    for first in range(0, len(queries), size):
        yield first, queries[first : first + size] @ documents.T


def _nearest(cosines: Array, count: int) -> Array:
    """`(query, count)`: numbers of the nearest documents, the nearest first; of equal ones the first."""
    if cosines.shape[1] > count:
        part = np.sort(np.argpartition(-cosines, count, axis=1)[:, :count], axis=1)
    else:
        part = np.broadcast_to(np.arange(cosines.shape[1]), cosines.shape)
    order = np.argsort(-np.take_along_axis(cosines, part, 1), axis=1, kind="stable")
    return np.take_along_axis(part, order, 1)
