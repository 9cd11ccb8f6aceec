"""BM25 over documents that come and go: exact at any moment, whatever was added, replaced or deleted since.

Scores are those of Robertson et al. (1994) with the inverse document frequency of Lucene, which is never negative:

    idf(w) = ln(1 + (N - n(w) + 0.5) / (n(w) + 0.5))
    score(d, q) = sum over words w of q: idf(w) * tf / (tf + k1 * (1 - b + b * length(d) / mean length))

Number of documents, of those with a word, and mean length are counted at each query among the documents that are
there. So an index that was built at once and one that grew by a hundred additions give the same scores, and a filter
does not change them. (Engines that keep such figures per segment give others: Lucene's merge, and lance#9058.)

Words are known by 64 bits of their hash: two of ten million share one with a chance of 3 in a million. The price of
exactness is time in proportion to the documents that hold a word of the query.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.fs import written_aside
from bertkit.search.words import words

Array = NDArray[Any]

K1, B = 1.2, 0.75
"""Those of Lucene."""


class Postings(NamedTuple):
    """Which documents hold which words, and how often; the documents are numbered from 0."""

    words: Array
    """`(word,)` uint64: hashes, rising."""
    starts: Array
    """`(word + 1,)` int64: where the postings of each word begin."""
    documents: Array
    """`(posting,)` int32, rising within a word."""
    counts: Array
    """`(posting,)` int32: how often the word stands in the document."""
    lengths: Array
    """`(document,)` int32: its words."""

    def of(self, word: int) -> slice:
        """The postings of a hash; an empty slice, if no document holds the word."""
        place = int(np.searchsorted(self.words, np.uint64(word)))
        if place == len(self.words) or int(self.words[place]) != word:
            return slice(0, 0)
        return slice(int(self.starts[place]), int(self.starts[place + 1]))


@dataclass(frozen=True)
class Segment:
    """Some documents, and which of them are still there."""

    postings: Postings
    alive: Array
    """`(document,)` bool."""


class Matches(NamedTuple):
    """Documents that hold a word of the query, the best first; of equal ones the first added."""

    segments: Array
    """`(hit,)`: number of the segment of each."""
    documents: Array
    """`(hit,)`: its number there."""
    scores: Array
    """`(hit,)` float64, above 0."""


def hash_of(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def postings_of(texts: Iterable[str]) -> Postings:
    numbers: dict[str, int] = {}
    own: list[int] = []
    documents: list[int] = []
    counts: list[int] = []
    lengths: list[int] = []
    for document, text in enumerate(texts):
        found = words(text)
        lengths.append(len(found))
        for name, count in Counter(found).items():
            own.append(numbers.setdefault(name, len(numbers)))
            documents.append(document)
            counts.append(count)
    hashes = np.array([hash_of(name) for name in numbers], dtype=np.uint64)
    order = np.argsort(hashes)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    by_word = rank[np.array(own, dtype=np.int64)]
    places = np.argsort(by_word, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(by_word, minlength=len(order)))])
    whole, times, sizes = (np.array(column, dtype=np.int32) for column in (documents, counts, lengths))
    return Postings(hashes[order], starts, whole[places], times[places], sizes)


def search(
    segments: Sequence[Segment],
    query: str,
    count: int,
    allowed: Sequence[Array] | None = None,
    *,
    k1: float = K1,
    b: float = B,
) -> Matches:
    """The `count` documents with the highest scores; fewer, if fewer hold a word of the query.

    Args:
        allowed: of each segment, `(document,)` bool: those that may be found. The scores do not depend on it.
    """
    total = sum(int(segment.alive.sum()) for segment in segments)
    length = sum(int(segment.postings.lengths[segment.alive].sum()) for segment in segments)
    mean = max(length / max(total, 1), 1e-9)
    scores = [np.zeros(len(segment.alive)) for segment in segments]
    for word, times in Counter(map(hash_of, words(query))).items():
        found = []
        for segment in segments:
            own = segment.postings.of(word)
            documents = segment.postings.documents[own]
            there = segment.alive[documents]
            found.append((documents[there], segment.postings.counts[own][there]))
        holding = sum(len(documents) for documents, _ in found)
        weight = times * np.log1p((total - holding + 0.5) / (holding + 0.5))
        for segment, (documents, counts), sums in zip(segments, found, scores, strict=True):
            room = k1 * (1 - b + b * segment.postings.lengths[documents] / mean)
            sums[documents] += weight * counts / (counts + room)
    if allowed is not None:
        scores = [np.where(mask, own, 0.0) for own, mask in zip(scores, allowed, strict=True)]
    return _best(scores, count)


def _best(scores: Sequence[Array], count: int) -> Matches:
    firsts = np.cumsum([0, *(len(own) for own in scores)])
    all_scores = np.concatenate([np.zeros(0), *scores])
    positive = np.flatnonzero(all_scores)
    if len(positive) > count:
        floor = np.partition(all_scores[positive], len(positive) - count)[len(positive) - count]
        positive = positive[all_scores[positive] >= floor]  # more than `count`, where some are equal
    best = positive[np.argsort(-all_scores[positive], kind="stable")[:count]]
    segments = np.searchsorted(firsts, best, side="right") - 1
    return Matches(segments, best - firsts[segments], all_scores[best])


def merged(segments: Sequence[Segment]) -> Postings:
    """The postings of the documents that are there, numbered in order: what `postings_of` gives for their texts."""
    parts: list[tuple[Array, Array, Array, Array]] = []
    first = 0
    for postings, alive in ((segment.postings, segment.alive) for segment in segments):
        kept = alive[postings.documents]
        numbers = first + np.cumsum(alive) - 1
        hashes = np.repeat(postings.words, np.diff(postings.starts))[kept]
        parts.append((hashes, numbers[postings.documents[kept]], postings.counts[kept], postings.lengths[alive]))
        first += int(alive.sum())
    hashes, documents, counts, lengths = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort([documents, hashes])
    found, times = np.unique(hashes, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(times)])
    return Postings(found, starts, documents[order].astype(np.int32), counts[order], lengths)


def save(postings: Postings, rows: Array, file: Path) -> None:
    """Write postings, and what numbers `(document,)` their documents have elsewhere."""
    with written_aside(file) as aside, aside.open("wb") as stream:
        np.savez(stream, rows=rows, **postings._asdict())


def load(file: Path) -> tuple[Postings, Array]:
    """Raises OSError, KeyError, ValueError or BadZipFile where the file is not one that `save` wrote."""
    with np.load(file, allow_pickle=False) as arrays:
        return Postings(*(arrays[name] for name in Postings._fields)), arrays["rows"]
