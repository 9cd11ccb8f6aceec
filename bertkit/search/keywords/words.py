"""A text as runs of words, with their places: a phrase never leaves its run.

A run ends at punctuation, at a line end, at any other sign and at a blank between two words of Chinese. Between its
words stand blanks, or nothing, as in Chinese and between scripts. Words are letters, digits and the marks that combine
with them, of any script. Chinese is divided into words by rjieba (`pip install 'bertkit[chinese]'`, jieba in Rust),
with the part of speech of each; without it a run of Han characters is one word here, and `candidates.py` takes
sequences of characters out of it. The price: scripts without blanks other than Chinese, such as Thai, are not divided.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from bertkit.extras import has

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Characters of Chinese, for a class of a regular expression."""
BLANKS = re.compile("[ \t\u00a0\u2000-\u200a\u202f\u3000]*")
"""What may stand between the words of a phrase."""
LONGEST = 10_000
"""Words of a run: a text without punctuation is not in memory as one."""
JOINERS = "\u200c\u200d"
"""Not seen, and part of words in Persian and in scripts of India."""

_IS_HAN = re.compile(f"[{HAN}]").match

Cut = Callable[[str], list[tuple[str, str]]]
"""A run of Han characters -> its words, each with its part of speech as jieba names it (`n`, `v`, `ns`)."""


HAN_RUN = "han"
"""In place of a part of speech: Chinese that is not divided."""


class Word(NamedTuple):
    """A word of a text: `text[start:end]`, in code points."""

    start: int
    end: int
    key: str
    """In lower case (casefold), with a straight apostrophe: words with one key are one word."""
    tag: str = ""
    """Part of speech, of a Chinese word that rjieba found; `HAN_RUN`: Chinese that is not divided."""


@cache
def _pattern() -> re.Pattern[str]:
    """Han characters, or a word: letters and digits, inside it also apostrophes, hyphens, and points between digits.

    A possessive `'s` is not part of it.
    """
    marks = "".join(_marks())
    letter = rf"[^\W_{HAN}]"
    more = rf"(?:[^\W{HAN}]|[{marks}{JOINERS}])"
    joined = rf"['’](?!s\b){letter}|[-‐‑·]{letter}|(?<=\d)[.,](?=\d)"
    return re.compile(rf"[{HAN}]+|{letter}(?:{more}|{joined})*(?<!_)|[^\W{HAN}]")


def _marks() -> Iterator[str]:
    """The characters that combine with a letter, as ranges of a class."""
    first = last = 0
    for code in (*range(0x300, 0x1E950), *range(0xE0100, 0xE01F0), 0x110000):
        is_mark = code < 0x110000 and unicodedata.category(chr(code)).startswith("M")
        if is_mark and code == last + 1:
            last = code
        elif is_mark or code == 0x110000:
            if first:
                yield f"{chr(first)}-{chr(last)}"
            first = last = code


def chinese_cut() -> Cut | None:
    """What divides Chinese into words; None: rjieba is not installed."""
    if not has("rjieba"):
        return None
    import rjieba

    tagged: Cut = rjieba.tag
    return tagged


def has_chinese(text: str) -> bool:
    """Whether a text has Han characters."""
    return re.search(f"[{HAN}]", text) is not None


def runs(text: str, cut: Cut | None) -> Iterator[list[Word]]:
    """The runs of words of a text, in order.

    Args:
        cut: see `chinese_cut`.
    """
    run: list[Word] = []
    end = 0
    for match in _pattern().finditer(text):
        start = match.start()
        if run and (len(run) >= LONGEST or not _joined(text, end, start)):
            yield run
            run = []
        run += _words(match[0], start, cut)
        end = match.end()
    if run:
        yield run


def _joined(text: str, end: int, start: int) -> bool:
    """Whether the words before `end` and from `start` on may belong to one phrase."""
    if start == end:
        return True
    return BLANKS.fullmatch(text, end, start) is not None and not (_IS_HAN(text[end - 1]) and _IS_HAN(text[start]))


def _words(text: str, start: int, cut: Cut | None) -> Iterator[Word]:
    """The words that a match of the pattern holds, which begins at `start`."""
    if not _IS_HAN(text):
        yield Word(start, start + len(text), text.casefold().replace("’", "'"))
    elif cut is None:
        yield Word(start, start + len(text), text, HAN_RUN)
    else:
        for word, tag in cut(text):
            yield Word(start, start + len(word), word, tag)
            start += len(word)
