"""Which candidates are keywords: near to the document, of a good length, early, and not alike.

The relevance of a candidate is the cosine of its vector with that of the document, as in KeyBERT (Grootendorst 2020),
plus a bonus for its length (two words, or four characters of Chinese, have the most) and for an early place, as readers
are told first what a text is about (YAKE, Campos et al. 2020, has the same feature). Both pay on the phrases that were
marked by hand (benchmarks/keywords.py); how often a phrase occurs did not, so it is not among them.

Keywords are then taken one by one by maximal marginal relevance (Carbonell and Goldstein 1998), without phrases that
hold a keyword, are held by one, or share a place with one. The price: of "prime number" and "prime number theorem" a
text gets one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bertkit.search.keywords.candidates import Candidate
from bertkit.search.keywords.words import HAN

Array = NDArray[np.float32]

LENGTH, EARLY = 0.2, 0.1
"""Weights beside a cosine. Of 0.1 to 0.4 and 0 to 0.2 the best on the 20 texts to tune on (benchmarks/keywords)."""
SIZES, BONUS = (1.0, 1.5, 2.0, 3.0), (0.0, 0.8, 1.0, 0.6)
"""Words of a phrase, and the share of `LENGTH` that it gets."""
DIVERSITY = 0.2
"""Of 0 to 0.5 the best on the same texts."""
HIGHEST = 1 + LENGTH + EARLY
"""Of any relevance."""
COMPARED = 20
"""First places of two phrases that are compared."""
_HAN = re.compile(f"[{HAN}]")


def relevance(cosines: Array, candidates: Sequence[Candidate]) -> Array:
    """`(candidate,)`, at most `HIGHEST`.

    Args:
        cosines: `(candidate,)`: of each with the document.
    """
    length = np.interp([size_of(one) for one in candidates], SIZES, BONUS)
    early = 1 / np.log2([2 + one.place for one in candidates])
    return (cosines + LENGTH * length + EARLY * early).astype(np.float32)


def size_of(candidate: Candidate) -> float:
    """The length of a phrase in words; two characters of Chinese are one."""
    characters = len(_HAN.findall(candidate.phrase))
    return characters / 2 + sum(not _HAN.match(word) for word in candidate.words)


def chosen(
    relevance: Array, vectors: Array, candidates: Sequence[Candidate], *, top: int, diversity: float
) -> list[int]:
    """Numbers of the keywords, the first one the most relevant.

    Args:
        vectors: `(candidate, size)` with length 1.
        top: most keywords.
        diversity: from 0, the most relevant ones, to 1, those least alike.
    """
    free = np.ones(len(candidates), dtype=bool)
    nearest = np.zeros(len(candidates), dtype=np.float32)  # to a keyword, by cosine
    found: list[int] = []
    while free.any() and len(found) < top:
        worth = (1 - diversity) * relevance - diversity * nearest if found else relevance
        best = int(np.argmax(np.where(free, worth, -np.inf)))
        cosines = vectors @ vectors[best]
        nearest = np.maximum(nearest, cosines) if found else cosines
        found.append(best)
        for number in np.flatnonzero(free).tolist():
            free[number] = number != best and not nested(candidates[number], candidates[best])
    return found


def nested(one: Candidate, other: Candidate) -> bool:
    """Whether one phrase holds the other, its words, or its characters in Chinese; or both have a place in common."""
    if any(a < d and c < b for (a, b), (c, d) in product(one.offsets[:COMPARED], other.offsets[:COMPARED])):
        return True
    short, long = sorted((one.words, other.words), key=len)
    places = range(len(long) - len(short) + 1)
    if any(long[place : place + len(short)] == short for place in places):
        return True
    if not all(_HAN.match(word) for word in (*short, *long)):
        return False
    texts = sorted(("".join(short), "".join(long)), key=len)
    return texts[0] in texts[1]
