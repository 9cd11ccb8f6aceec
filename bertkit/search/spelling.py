"""Spellings that an index knows for words of a query that it does not: one letter more, less, other or swapped.

The candidates of a word are looked up in the index's own words (Norvig 2007), so a name of the documents is never
"corrected" to a word of a dictionary, and every language with letters works. Of several the most frequent wins. Words
of scripts without spaces are left as they are: their words are single characters and pairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from bertkit.search.words import is_joined, words

LEAST, MOST = 4, 30
"""Letters of a word that may be misspelt: a shorter one is near to too many others, and a longer one is none."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"

Counts = Callable[[Sequence[str]], list[int]]
"""Words -> in how many documents each stands (`Lexicon.holding`)."""


def variants(text: str, holding: Counts) -> dict[str, str]:
    """Word of the query that no document holds -> the word that it may be."""
    own = [word for word in dict.fromkeys(words(text)) if LEAST <= len(word) <= MOST and not is_joined(word[0])]
    found = {}
    for word, count in zip(own, holding(own), strict=True):
        if count:
            continue
        near = edits(word)
        counts = holding(near)
        best = max(range(len(near)), key=lambda number: counts[number], default=-1)
        if best >= 0 and counts[best]:
            found[word] = near[best]
    return found


def edits(word: str) -> list[str]:
    """All words at one edit, in a fixed order. Its own letters are tried too, so that other alphabets work."""
    letters = dict.fromkeys(LETTERS + word)
    splits = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    swapped = [a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1]
    left_out = [a + b[1:] for a, b in splits if b]
    other = [a + letter + b[1:] for a, b in splits if b for letter in letters]
    more = [a + letter + b for a, b in splits for letter in letters]
    return [one for one in dict.fromkeys([*swapped, *left_out, *other, *more]) if one != word]


def corrected(text: str, found: dict[str, str]) -> str:
    """The query with these words in place of others."""
    if not found:
        return text
    plain = unicodedata.normalize("NFKC", text)  # as `words` reads it
    return re.sub(r"[^\W_]+", lambda match: found.get(match[0].casefold(), match[0]), plain)
