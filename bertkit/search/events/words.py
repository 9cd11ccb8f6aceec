"""The words of events, their weights, and the words that are characteristic of an event.

Words are those of an index (search/words.py). In scripts without spaces, such as Chinese, each two neighbours are one,
so a keyword is lengthened by what stands beside it: no dictionary is needed.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.search.words import is_joined, words

Array = NDArray[Any]

KEYWORDS = 6
"""Most keywords of an event."""
SHARE = 0.75
"""A character belongs to a word if it stands beside it in so many of its places."""
LONGEST = 10
"""Characters of a keyword that was lengthened."""
NAMING = {
    *("amount", "bill", "bottom", "computer", "con", "cry", "describe", "detail", "fill", "fire", "interest", "mill"),
    *("mine", "move", "serious", "sincere", "system", "thick", "thin"),
}
"""Words in scikit-learn's list of English function words that are none."""


class Bag(NamedTuple):
    """Words with numbers, sorted by word."""

    ids: Array
    """`(word,)` int64."""
    counts: Array
    """`(word,)` int64: documents that have the word."""
    weights: Array
    """`(word,)` float64: the sum of the documents' TF-IDF vectors, each of length 1."""

    def plus(self, other: Bag) -> Bag:
        """Both together."""
        ids = np.union1d(self.ids, other.ids)
        counts, weights = np.zeros(len(ids), np.int64), np.zeros(len(ids))
        for bag in (self, other):
            places = np.searchsorted(ids, bag.ids)
            counts[places] += bag.counts
            weights[places] += bag.weights
        return Bag(ids, counts, weights)

    def dot(self, other: Bag) -> float:
        """The product of the weights of the words that both have."""
        if not len(self.ids) or not len(other.ids):
            return 0.0
        places = np.minimum(np.searchsorted(self.ids, other.ids), len(self.ids) - 1)
        return float(other.weights @ np.where(self.ids[places] == other.ids, self.weights[places], 0.0))


class WordCounts:
    """All words that were read, and how many documents have each.

    The weight of a word depends on the documents read so far, and is not changed by later ones: incremental IDF
    (Yang, Pierce and Carbonell 1998). So documents can be added without reading the old ones again.
    """

    def __init__(self, known: Sequence[str] = (), frequencies: Sequence[int] = (), documents: int = 0):
        self.ids = {word: number for number, word in enumerate(known)}
        self.frequencies = list(frequencies)
        """Word -> documents that have it."""
        self.documents = documents

    def read(self, text: str) -> Bag:
        """Count a new document. Returns its words, with weights whose squares sum to 1 if there are any."""
        found: dict[int, int] = {}
        for word in words(text):
            number = self.ids.setdefault(word, len(self.ids))
            found[number] = found.get(number, 0) + 1
        self.documents += 1
        self.frequencies += [0] * (len(self.ids) - len(self.frequencies))
        for number in found:
            self.frequencies[number] += 1
        ids = np.array(sorted(found), dtype=np.int64)
        often = np.array([found[number] for number in ids.tolist()], dtype=np.float64)
        frequencies = np.array([self.frequencies[number] for number in ids.tolist()], dtype=np.float64)
        weights = (1 + np.log(often)) * np.log(1 + self.documents / frequencies)
        return Bag(ids, np.ones(len(ids), np.int64), weights / max(float(np.linalg.norm(weights)), 1e-12))


def _plain(text: str) -> str:
    """A text in small letters and one of the forms that Unicode has for them."""
    return unicodedata.normalize("NFKC", text).casefold()


def keywords(bag: Bag, size: int, names: Sequence[str], lexicon: WordCounts, texts: Sequence[str]) -> list[str]:
    """The words of an event that the other documents have least, the best first.

    c-TF-IDF of BERTopic (Grootendorst 2022) with documents in place of occurrences, so that a long document weighs no
    more: the share of the event's documents that have the word, times the logarithm of how rare it is in the others.
    English function words, which are not rare enough to fall out where there are few documents, are left out.

    Args:
        bag, size: words and number of documents of the event.
        names: the words by their ids.
        texts: some of the documents, in which longer words of scripts without spaces are looked for.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    everywhere = np.array([lexicon.frequencies[number] for number in bag.ids.tolist()])
    others, outside = lexicon.documents - size, everywhere - bag.counts
    scores = bag.counts / size * np.log(1 + (others + 1) / (outside + 1))
    least = 2 if size > 2 else 1
    found = {
        names[number]: (score, count)
        for number, count, score in zip(bag.ids.tolist(), bag.counts.tolist(), scores.tolist(), strict=True)
        if count >= least and _may_be_keyword(names[number]) and names[number] not in ENGLISH_STOP_WORDS - NAMING
    }
    order = sorted(found, key=lambda word: (-round(found[word][0], 9), -len(word), word))
    chosen: list[str] = []
    plain = [_plain(text) for text in texts]
    for word in order:
        if len(chosen) == KEYWORDS:
            break
        if not is_joined(word[0]):
            chosen.append(word)
        elif not any(_overlap(word, one) for one in chosen):
            longer = _lengthened(word, plain)
            chosen = [*(one for one in chosen if one not in longer), longer]
    return chosen


def _may_be_keyword(word: str) -> bool:
    """Single characters, numbers, signs and emoji are none."""
    return len(word) > 1 and word[0].isalpha()


def _lengthened(word: str, texts: Sequence[str]) -> str:
    """A word of a script without spaces, with the characters that stand beside it in nearly all places."""
    while len(word) < LONGEST:
        pieces = [text.split(word) for text in texts]
        sides = (
            [piece[-1:] for text in pieces for piece in text[:-1]],
            [piece[:1] for text in pieces for piece in text[1:]],
        )
        usual = [Counter(side).most_common(1)[0] if len(side) > 1 else ("", 0) for side in sides]
        first, last = (
            one if one and is_joined(one) and count >= SHARE * len(side) else ""
            for (one, count), side in zip(usual, sides, strict=True)
        )
        if not first + last:
            break
        word = first + word + last
    return word


def _overlap(one: str, other: str) -> bool:
    """Whether one ends as the other begins, or is a part of it."""
    if one in other or other in one:
        return True
    ends = range(1, min(len(one), len(other)))
    return any(one.endswith(other[:n]) or other.endswith(one[:n]) for n in ends)
