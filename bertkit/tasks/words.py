"""Raw text -> words with their character offsets; entities by characters -> entities by words.

    split("Dr. Li in 北京")             # Dr | . | Li | in | 北 | 京, each with its start and end
    to_words([{"start": 4, "end": 6, "label": "PER"}], split("Dr. Li"))

A word is a run of letters, digits and their marks (Hindi's vowel signs, combining accents). Every other character
except white space is a word of its own, and so is each character of a script that is written without spaces: Chinese
and Japanese, and those of South East Asia (Line_Break=SA in UAX #14: Thai, Lao, Khmer, Burmese and others). A mark
belongs to the character before it. So entities can begin and end almost anywhere, but not inside a word.

A format or control character (zero-width space and non-joiner, soft hyphen, marks of direction, byte order mark) is not
shown, and tokenizers remove it. Between two letters it is a part of their word; elsewhere it is in no word, like white
space. The price of single characters: a model for Thai that was pre-trained on longer tokens sees shorter ones.
"""

from __future__ import annotations

import bisect
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from bertkit.data.columns.schemes import Span

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3005-\u3007\u3040-\u3098\u309b-\u30ff\uff66-\uff9d"
"""Han characters (those that BERT's tokenizer splits off, and newer ones) and kana, as a character class of `re`."""

_SOUTH_EAST_ASIA = (
    range(0x0E00, 0x0F00),  # Thai, Lao
    range(0x1000, 0x10A0),  # Myanmar
    range(0x1780, 0x1800),  # Khmer
    range(0x1950, 0x19E0),  # Tai Le, New Tai Lue
    range(0x1A20, 0x1AB0),  # Tai Tham
    range(0xA9E0, 0xAA00),  # Myanmar
    range(0xAA60, 0xAAE0),  # Myanmar, Tai Viet
)
_SARA_AM = "\u0e33\u0eb3"  # letters by their category, but written above and beside the letter before them
_STACKING = "\u17d2\u1039\u1a60"  # the letter after one of these stands below the letter before it
_OBSCURE = "\ufffd\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
"""The sign of a lost character, and characters for private use: any may be a letter. BERT's tokenizer removes them."""

Overlaps = Literal["longest", "first", "error"]
Reason = Literal["widened", "empty", "twice", "relabelled", "overlapping"]


class Change(NamedTuple):
    """An entity that words can not show as the file has it."""

    reason: Reason
    """`widened`: it ends inside a word, and is extended to the whole word. The others are left out: `empty`: no word is
    in it; `twice`: the same characters and label; `relabelled`: the same characters, another label; `overlapping`: it
    shares a word with another."""
    span: dict[str, Any]
    other: dict[str, Any] | None = None
    """The entity that stays instead."""


class Fitted(NamedTuple):
    """Entities by words, and what was changed of them."""

    spans: list[Span]
    changes: list[Change]


class _Classes(NamedTuple):
    """Characters by what they are in a word, as character classes of `re`."""

    marks: str
    """They belong to the character before them; with the joiner and the tags of emojis."""
    hidden: str
    """Format and control characters, which are not shown."""
    single: str
    """Letters of South East Asian scripts."""


@cache
def _classes() -> _Classes:
    marks, hidden, single = [], [], []
    # the other planes have Han characters and private use alone
    for code in itertools.chain(range(0x20000), range(0xE0000, 0xE1000)):
        category = unicodedata.category(chr(code))
        if category[0] == "M" or code == 0x200D or 0xE0020 <= code <= 0xE007F or chr(code) in _SARA_AM:
            marks.append(code)
        elif category in ("Cf", "Cc") and not chr(code).isspace():
            hidden.append(code)
        elif category[0] == "L" and any(code in block for block in _SOUTH_EAST_ASIA):
            single.append(code)
    return _Classes(*("".join(_ranges(codes)) for codes in (marks, hidden, single)))


def _ranges(codes: Iterable[int]) -> Iterator[str]:
    for _, group in itertools.groupby(enumerate(codes), key=lambda pair: pair[1] - pair[0]):
        run = [code for _, code in group]
        yield f"{re.escape(chr(run[0]))}-{re.escape(chr(run[-1]))}"


@cache
def _pattern() -> re.Pattern[str]:
    marks, hidden, single = _classes()
    letters = rf"(?:(?![{CJK}{single}_])[\w{marks}{_OBSCURE}])+"
    letter = rf"[{CJK}{single}](?:[{hidden}]*[{marks}{_OBSCURE}]|(?<=[{_STACKING}])\w)*"
    return re.compile(rf"{letters}(?:[{hidden}]+{letters})*|{letter}|[^\s{hidden}](?:[{hidden}]*[{marks}])*")


@cache
def _unspaced() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A letter of a script without spaces at the beginning of a word, and at its end."""
    marks, _, single = _classes()
    return re.compile(f"[{CJK}{single}]"), re.compile(rf"[{CJK}{single}][{marks}]*\Z")


@cache
def _unseen() -> re.Pattern[str]:
    return re.compile(f"[{_classes().hidden}\u200d{_OBSCURE}]+")


def split(text: str) -> list[tuple[int, int]]:
    """First character and the one after the last, of each word of a text."""
    return [match.span() for match in _pattern().finditer(text)]


def scripts_without_spaces(text: str) -> set[str]:
    """The South East Asian scripts in a text, as Unicode names them: `Thai`."""
    if text.isascii():
        return set()
    return {unicodedata.name(character).split()[0].title() for character in re.findall(f"[{_classes().single}]", text)}


def is_unseen(word: str) -> bool:
    """Whether nothing of a word is shown, and BERT's tokenizer removes it all: characters without a form, or lost."""
    return not (word.isascii() and word.isprintable()) and bool(_unseen().fullmatch(word))


def to_words(
    spans: Iterable[dict[str, Any]], places: Sequence[tuple[int, int]], overlaps: Overlaps = "longest"
) -> Fitted:
    """Entities by characters (`start`, `end`, `label`) as entities by words, without overlaps.

    Args:
        places: first character and the one after the last, of each word.
        overlaps: which of the entities that share a word stays: the `longest`, or the `first` in the text; of equals,
            the one that comes first in `spans`. `error` is the caller's: here, it is `longest`.
    """
    starts, ends = [start for start, _ in places], [end for _, end in places]
    entities: list[tuple[Span, dict[str, Any]]] = []
    changes: list[Change] = []
    for span in spans:
        first, end = bisect.bisect_right(ends, span["start"]), bisect.bisect_left(starts, span["end"])
        if first >= end:
            changes.append(Change("empty", span))
            continue
        if starts[first] < span["start"] or ends[end - 1] > span["end"]:
            changes.append(Change("widened", span))
        entities.append((Span(first, end, span["label"]), span))
    entities.sort(key=lambda pair: pair[0].first if overlaps == "first" else pair[0].first - pair[0].end)
    kept: list[Span] = []
    owners: dict[int, dict[str, Any]] = {}  # word -> the entity that has it
    for entity, span in entities:
        words = range(entity.first, entity.end)
        other = next((owners[word] for word in words if word in owners), None)
        if other is None:
            owners |= dict.fromkeys(words, span)
            kept.append(entity)
        else:
            changes.append(Change(_clash(span, other), span, other))
    return Fitted(sorted(kept), changes)


def _clash(span: dict[str, Any], other: dict[str, Any]) -> Reason:
    if (span["start"], span["end"]) != (other["start"], other["end"]):
        return "overlapping"
    return "twice" if span["label"] == other["label"] else "relabelled"


def join(words: Sequence[str]) -> str:
    """Words as a text for people: with spaces, except between two characters of scripts without spaces."""
    return joined(words)[0]


def joined(words: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """`join`, and the first character and the one after the last, of each word in it."""
    begins, ends = _unspaced()
    text = "".join(words[:1])
    places = [(0, len(word)) for word in words[:1]]
    for before, word in itertools.pairwise(words):
        text += word if begins.match(word) and ends.search(before) else f" {word}"
        places.append((len(text) - len(word), len(text)))
    return text, places
