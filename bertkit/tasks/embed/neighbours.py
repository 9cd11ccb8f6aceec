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


def as_scores(answers: Sequence[dict[str, Any]], scores: Sequence[float]) -> list[dict[str, float]]:
    """Cosines in the unit of the scores: the pair with the third lowest cosine gets the third lowest score. So an error
    says how far a pair is from its place in the order, which is all that a cosine promises."""
    order = np.argsort([answer["similarity"] for answer in answers], kind="stable")
    ranked = np.empty(len(order))
    ranked[order] = np.sort(scores)
    return [{"score": score} for score in ranked.tolist()]


def repeats(texts: Sequence[Sequence[str]]) -> dict[str, int]:
    """How many rows share a text or a positive with another row, as counts of `encode`."""
    seen = [Counter(row[place] for row in texts if len(row) > place) for place in (0, 1)]
    shared = sum(any(counts[text] > 1 for counts, text in zip(seen, row, strict=False)) for row in texts)
    return {"repeated": shared}


class Near(NamedTuple):
    """A row's text, and the texts of all rows that it is compared with."""

    right: list[str]
    """Positives of the row, and of other rows with the same text."""
    right_cosines: Array
    others: list[str]
    """The nearest of all other texts, the nearest first."""
    other_cosines: Array

    @property
    def first(self) -> tuple[str, bool]:
        """The nearest of all, and whether it is right; of equal ones the other."""
        best = int(self.right_cosines.argmax())
        wins = not self.others or self.right_cosines[best] > self.other_cosines[0]
        return (self.right[best], True) if wins else (self.others[0], False)


def nearest(vectors: Sequence[Array], texts: Sequence[Sequence[str]]) -> Iterator[Near]:
    """For each row's text, its positives and the `NEAREST` of the other texts of all rows.

    Args:
        vectors: `(part, size)` of each row: text, positive, negatives.
        texts: of each row, the same.
    """
    number: dict[str, int] = {}
    right: dict[str, list[int]] = {}
    documents: list[Array] = []
    for row, own in zip(vectors, texts, strict=True):
        for place, text in enumerate(own[1:], 1):
            if text not in number:
                number[text] = len(number)
                documents.append(row[place])
        right.setdefault(own[0], []).append(number[own[1]])
    names = list(number)
    for first, cosines in _cosines(unit(np.stack([row[0] for row in vectors])), unit(np.stack(documents))):
        for place, scores in enumerate(cosines):
            text = texts[first + place][0]
            wanted = sorted({*right[text]})
            found = scores[wanted].copy()
            scores[wanted] = -np.inf
            if text in number:
                scores[number[text]] = -np.inf
            near = _highest(scores, NEAREST)
            yield Near([names[one] for one in wanted], found, [names[one] for one in near], scores[near])


def ranking(found: Iterable[Near]) -> tuple[Array, Array]:
    """As metrics take it (`Metric.takes`: `ranking`): cosines `(document,)`, and `(document, 2)`: number of the row,
    and 1 for a positive. How many documents a row has depends on the texts alone, whatever the vectors."""
    scores, references = [], []
    for row, near in enumerate(found):
        scores += [near.right_cosines, near.other_cosines]
        grades = np.repeat([1, 0], [len(near.right), len(near.others)])
        references.append(np.stack([np.full(len(grades), row), grades], 1))
    return np.concatenate(scores).astype(np.float64), np.concatenate(references).astype(np.int64)


def no_better_than_chance(found: Iterable[Near]) -> str:
    """Why the ranks of positives say little, or an empty text: they are as in an order by chance, or there is no other
    text."""
    ranks, expected = [], []
    for near in found:
        best = near.right_cosines.max()
        ranks.append(1 / (1 + int((near.other_cosines >= best).sum())))
        count = len(near.others) + 1
        expected.append(float(np.mean(1 / np.arange(1, count + 1))))
    if max(expected) == 1:
        return "no text has another one than its positive to be compared with: figures of these rows say nothing"
    mean, chance = float(np.mean(ranks)), float(np.mean(expected))
    if mean <= chance:
        return f"mean reciprocal rank {mean:.3f}: no better than an order by chance ({chance:.3f})"
    return ""


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


def _highest(scores: Array, count: int) -> Array:
    """`(count,)`: numbers of the highest scores, the highest first, of equal ones the first; none of minus infinity."""
    count = min(count, int((scores > -np.inf).sum()))
    part = (
        np.sort(np.argpartition(-scores, count - 1)[:count])
        if 0 < count < len(scores)
        else np.arange(count and len(scores))
    )
    return part[np.argsort(-scores[part], kind="stable")][:count]
