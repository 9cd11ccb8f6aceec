"""Raw text -> words with their character offsets; entities by characters -> entities by words.

    split("Dr. Li in 北京")             # Dr | . | Li | in | 北 | 京, each with its start and end
    to_words([{"start": 4, "end": 6, "label": "PER"}], split("Dr. Li"))

A word is a run of letters, digits and their marks (Hindi's vowel signs, combining accents). Every other character
except white space is a word of its own, and so is each Chinese or Japanese character, as these are written without
spaces. So entities can begin and end almost anywhere, but not inside a word.
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
"""Han characters (those that BERT's tokenizer splits off, and newer ones) and kana, as a character class of `re`."""

_CJK = re.compile(f"[{CJK}]")


class Fitted(NamedTuple):
    """Entities by words, and how many of them had to be changed."""

    spans: list[Span]
    widened: int
    """Entities that ended inside a word, and were extended to the whole word."""
    dropped: int
    """Entities left out: they share a word with a longer entity, or have no word."""


@cache
def _pattern() -> re.Pattern[str]:
    marks = "".join(c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c)[0] == "M")
    return re.compile(rf"(?:(?![{CJK}_])[\w{re.escape(marks)}])+|\S")


def split(text: str) -> list[tuple[int, int]]:
    """First character and the one after the last, of each word of a text."""
    return [match.span() for match in _pattern().finditer(text)]


def to_words(spans: Iterable[dict[str, Any]], places: Sequence[tuple[int, int]]) -> Fitted:
    """Entities by characters (`start`, `end`, `label`) as entities by words, without overlaps.

    Args:
        places: first character and the one after the last, of each word.
    """
    starts, ends = [start for start, _ in places], [end for _, end in places]
    entities, widened, dropped = [], 0, 0
    for span in spans:
        first = _first(ends, span["start"], after=True)
        end = _first(starts, span["end"], after=False)
        if first >= end:
            dropped += 1
            continue
        widened += starts[first] < span["start"] or ends[end - 1] > span["end"]
        entities.append(Span(first, end, span["label"]))
    kept: list[Span] = []
    taken: set[int] = set()
    for entity in sorted(entities, key=lambda entity: entity.first - entity.end):  # the longest first
        if taken.isdisjoint(range(entity.first, entity.end)):
            taken.update(range(entity.first, entity.end))
            kept.append(entity)
    return Fitted(sorted(kept), widened, dropped + len(entities) - len(kept))


def _first(places: Sequence[int], character: int, *, after: bool) -> int:
    """The number of the first place after a character, or without `after` at or after it."""
    return (bisect.bisect_right if after else bisect.bisect_left)(places, character)


def join(words: Sequence[str]) -> str:
    """Words as a text for people: with spaces, except between two Chinese or Japanese characters."""
    text = ""
    for word in words:
        tight = text and _CJK.match(text[-1]) and _CJK.match(word)
        text += word if tight or not text else f" {word}"
    return text
