"""Which words in a row are a phrase: by stop words (stop_words.py), endings and, in Chinese, parts of speech.

No phrase has a stop word, but for "of" inside. Some words only begin a phrase, such as adjectives, or only end one, and
are none alone. No English phrase ends with a word that looks like a verb in the past, or has an adverb in -ly. A
Chinese phrase of several words is nouns in a row, as a verb before a noun is mostly a clause; a verb of two characters
or more is a phrase alone, as it may be a noun ("退款"). The price: "fixed", or "超时重试", is no candidate.
"""

from __future__ import annotations

from collections.abc import Sequence

from bertkit.search.keywords.stop_words import AFTER, BEFORE, CHINESE, CONNECTORS, ENGLISH, WEAK
from bertkit.search.keywords.words import Word

NOUNS = ("n", "vn", "an", "j", "l", "i", "x", "e", "s", "f", "z", "b")
"""How jieba's parts of speech begin of words that stand in phrases of several: nouns, idioms, abbreviations, places and
what stands before nouns."""
ALONE = (*NOUNS, "v")
"""Of words that are a phrase alone."""
_NOUNS_IN_LY = "family supply assembly anomaly monopoly butterfly italy july reply jelly belly lily"
NO_ADVERBS = frozenset(_NOUNS_IN_LY.split())


def breaks(word: Word) -> bool:
    """Whether no phrase has this word."""
    if word.tag:
        return word.key in CHINESE or not word.tag.startswith(ALONE)
    return word.key in ENGLISH or (word.key.endswith("ly") and len(word.key) > 4 and word.key not in NO_ADVERBS)


def begins(word: Word) -> bool:
    """Whether a phrase may begin with this word, which breaks none: no number or connector does."""
    return word.key not in CONNECTORS and (word.key.isalpha() or any(map(str.isalpha, word.key)))


def is_phrase(words: Sequence[Word]) -> bool:
    """Whether words are a phrase, the first of which may begin one, while none breaks it."""
    last = words[-1]
    if len(words) == 1:
        return len(last.key) > 1 and last.key not in WEAK and not _is_past(last)
    if any(word.tag and not word.tag.startswith(NOUNS) for word in words):
        return False
    return words[0].key not in AFTER and last.key not in CONNECTORS | BEFORE and not _is_past(last)


def _is_past(word: Word) -> bool:
    """Whether a word looks like an English verb in the past: "voted", but not "seed" or "shed"."""
    return word.key.endswith("ed") and not word.key.endswith("eed") and len(word.key) > 4
