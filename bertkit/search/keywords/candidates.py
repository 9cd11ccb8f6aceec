"""Candidates: the phrases of a text that may be keywords, each with all places where it stands.

A phrase is words in a row (phrases.py), so it stands in the text as it is, unlike n-grams that are made after stop
words were removed. Phrases that differ in case and blanks alone are one candidate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bertkit.search.keywords.phrases import begins, breaks, is_phrase
from bertkit.search.keywords.stop_words import CHINESE_CHARACTERS
from bertkit.search.keywords.words import HAN_RUN, Cut, Word, runs

MOST = 100
"""Phrases of a text that the model ranks: the most frequent, of equally frequent ones the first."""
HELD = 200_000
"""Phrases of a text in memory, from which on those that occurred once are dropped: of a text of some megabytes."""
CHARACTERS = (2, 4)
"""Fewest and most characters of a Chinese phrase, where it is not divided into words."""
_STOP = re.compile(f"[{''.join(sorted(CHINESE_CHARACTERS))}]+")


class Candidate(NamedTuple):
    """A phrase of a text."""

    phrase: str
    """As it stands at the first place."""
    words: tuple[str, ...]
    """Their keys (`Word.key`); of Chinese that is not divided, the whole."""
    offsets: list[tuple[int, int]]
    """Start and end of each place, in code points of the text."""
    place: int
    """Words before the first place; of Chinese that is not divided, two characters are one."""


class Candidates(NamedTuple):
    """Of one text."""

    found: list[Candidate]
    """Those to be ranked, at most `MOST`, in the order of the text."""
    left_out: int
    """Phrases beyond these; of a text with more than `HELD`, one may count twice."""


class _Phrases:
    """Phrases by key, in the order of their first place.

    Args:
        wanted: keys of the phrases to collect; None: all.
    """

    def __init__(self, text: str, wanted: set[str] | None = None):
        self.text, self.wanted = text, wanted
        self.held: dict[str, Candidate] = {}
        self.inner: set[str] = set()
        """Sequences of characters that are phrases only if they occur again."""
        self.dropped = 0
        self._most = HELD

    def add(self, words: tuple[str, ...], span: tuple[int, int], place: int, *, inner: bool = False) -> None:
        """Add a place of a phrase."""
        phrase = self.text[slice(*span)]
        key = " ".join(phrase.casefold().split())
        known = self.held.get(key)
        if known is not None:
            known.offsets.append(span)
        elif self.wanted is None or key in self.wanted:
            self.held[key] = Candidate(phrase, words, [span], place)
            if len(self.held) > self._most:
                self._drop()
                self._most = max(HELD, 2 * len(self.held))  # else each further phrase would look at all of them
        if inner and known is None:
            self.inner.add(key)
        elif not inner:
            self.inner.discard(key)

    def _drop(self) -> None:
        """Drop phrases that occurred once, but for the first ones."""
        for key in [key for key, one in self.held.items() if len(one.offsets) == 1][MOST:]:
            self.dropped += key not in self.inner
            self.inner.discard(key)
            del self.held[key]

    def settle(self) -> None:
        """Leave out sequences of characters that occur once, or always in the same longer one."""
        for key in [key for key in self.inner if key in self.held and len(self.held[key].offsets) == 1]:
            del self.held[key]
        counts = {key: len(one.offsets) for key, one in self.held.items()}
        for key, count in counts.items():
            if count > 1 and key in self.inner and any(counts.get(longer) == count for longer in self._longer(key)):
                del self.held[key]

    def _longer(self, key: str) -> Iterator[str]:
        """The sequences of one character more around the first place of one."""
        start, end = self.held[key].offsets[0]
        yield from (self.text[start - 1 : end] if start else "", self.text[start : end + 1])


def candidates(text: str, longest: int, cut: Cut | None) -> Candidates:
    """The phrases of a text that are worth ranking.

    Args:
        longest: most words of a phrase.
        cut: see `words.chinese_cut`.
    """
    found = _collected(text, longest, cut, _Phrases(text))
    found.settle()
    keys = sorted(found.held, key=lambda key: -len(found.held[key].offsets))[:MOST]
    left_out = found.dropped + len(found.held) - len(keys)
    wanted = {*keys}
    if found.dropped:  # places of a phrase that was dropped before it came again
        found = _collected(text, longest, cut, _Phrases(text, wanted))
    return Candidates([one for key, one in found.held.items() if key in wanted], left_out)


def _collected(text: str, longest: int, cut: Cut | None, phrases: _Phrases) -> _Phrases:
    before = 0
    for run in runs(text, cut):
        broken = [breaks(word) for word in run]
        for first, word in enumerate(run):
            if word.tag == HAN_RUN:
                _add_characters(word, before, phrases)
                before += len(word.key) // 2
                continue
            if not broken[first] and begins(word):
                _add_words(run, broken, first, longest, before, phrases)
            before += 1
    return phrases


def _add_words(run: list[Word], broken: list[bool], first: int, longest: int, place: int, phrases: _Phrases) -> None:
    """Add the phrases that begin with a word of a run."""
    for last in range(first, min(first + longest, len(run))):
        if broken[last]:
            break
        words = run[first : last + 1]
        if is_phrase(words):
            phrases.add(tuple([one.key for one in words]), (words[0].start, words[-1].end), place)


def _add_characters(run: Word, place: int, phrases: _Phrases) -> None:
    """Add the sequences of characters of Chinese that is not divided: between stop characters, the beginnings and ends
    of what stands there, and inside it what occurs again."""
    start = 0
    for stop in [*(match.span() for match in _STOP.finditer(run.key)), (len(run.key), len(run.key))]:
        for first in range(start, stop[0]):
            for end in range(first + CHARACTERS[0], min(first + CHARACTERS[1], stop[0]) + 1):
                span = (run.start + first, run.start + end)
                inner = first > start and end < stop[0]
                phrases.add((run.key[first:end],), span, place + first // 2, inner=inner)
        start = stop[1]
