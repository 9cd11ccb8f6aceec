"""Raw text -> words that know their characters, and entities between characters and words.

    split("Dr. Li in 北京")             # Dr | . | Li | in | 北 | 京, each with its start and end
    to_words([{"start": 4, "end": 6, "label": "PER"}], split("Dr. Li"))

A word is a run of letters, digits and their marks (Hindi's vowel signs, accents that stand alone); every other
character but white space is a word of its own, and so is each Chinese or Japanese one, as these are written without
spaces. An entity can then begin and end wherever people let it, but for a part of a word.
"""

from __future__ import annotations

import bisect
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from bertkit.data.columns.schemes import Span

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3005-\u3007\u3040-\u30ff\uff66-\uff9d"
"""Han characters (those that BERT's own tokenizer sets apart, and the newer ones) and kana, as a class of `re`."""

_CJK = re.compile(f"[{CJK}]")


class Fitted(NamedTuple):
    """Entities as words, and how many entities that was not possible for as they stood."""

    spans: list[Span]
    widened: int
    """They cut a word, and have all of it now."""
    dropped: int
    """They share a word with a longer one, which is kept, or hold white space alone."""


@cache
def _pattern() -> re.Pattern[str]:
    marks = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c)[0] == "M")
    return re.compile(rf"(?:(?![{CJK}_])[\w{re.escape(marks)}])+|\S")


def split(text: str) -> list[tuple[int, int]]:
    """First character and the one after the last, of each word of a text."""
    return [found.span() for found in _pattern().finditer(text)]


def to_words(spans: Iterable[dict[str, Any]], places: Sequence[tuple[int, int]]) -> Fitted:
    """Entities of characters (`start`, `end`, `label`) as entities of words, of which no two share one."""
    starts, ends = [start for start, _ in places], [end for _, end in places]
    found, widened, dropped = [], 0, 0
    for span in spans:
        first = _first(ends, span["start"], after=True)
        end = _first(starts, span["end"], after=False)
        if first >= end:
            dropped += 1
            continue
        widened += starts[first] < span["start"] or ends[end - 1] > span["end"]
        found.append(Span(first, end, span["label"]))
    kept: list[Span] = []
    taken: set[int] = set()
    for entity in sorted(found, key=lambda entity: entity.first - entity.end):  # the longest first
        if taken.isdisjoint(range(entity.first, entity.end)):
            taken.update(range(entity.first, entity.end))
            kept.append(entity)
    return Fitted(sorted(kept), widened, dropped + len(found) - len(kept))


def _first(places: Sequence[int], character: int, *, after: bool) -> int:
    """The first place that is after a character, or at it too."""
    return (bisect.bisect_right if after else bisect.bisect_left)(places, character)


def join(words: Sequence[str]) -> str:
    """Words as a text to be read: a space between them, but not between two characters of Chinese or Japanese."""
    text = ""
    for word in words:
        tight = text and _CJK.match(text[-1]) and _CJK.match(word)
        text += word if tight or not text else f" {word}"
    return text
