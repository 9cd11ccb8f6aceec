"""Words of a text, as BM25 counts them, in any language and without being told which.

Where a script puts spaces between words, words are runs of letters, marks and digits, folded by case and width.
Chinese, Japanese, Thai, Lao, Khmer and Burmese put none: of these, each character is a word, and each two neighbours
are one (Nie et al. 2000 found both together better than either, and as good as a dictionary). The same rule reads
documents and queries, so a query of one character finds what holds it.

The price: no stems, so `parcel` does not find `parcels`; and an index of Chinese has about twice as many words as
characters.
"""

from __future__ import annotations

import re
import unicodedata

JOINED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b"  # repetition marks and numerals among ideographs
    "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Japanese
    "\u3100-\u312f\u31a0-\u31bf"  # Bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # ideographs
)
"""Ranges of characters of scripts without spaces between words."""

_RUN = re.compile(rf"[{JOINED}]+|[^{JOINED}]+")
_MARK = "\u3099\u309a"
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'"})


def words(text: str) -> list[str]:
    """The words of a text, with repetitions, in order."""
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold()):
        if is_joined(run[0]):
            for part in _kept(run):
                found += part
                found += (part[place : place + 2] for place in range(len(part) - 1))
        else:
            found += _kept(run)
    return found


def is_joined(char: str) -> bool:
    """Whether a character is of a script without spaces between words."""
    return _JOINED.match(char) is not None


_JOINED = re.compile(rf"[{JOINED}]")
_ASCII = re.compile("[a-z0-9]+")


def _kept(run: str) -> list[str]:
    """Runs of letters and digits, and runs of symbols such as emoji, with their marks; all other characters part them.

    Args:
        run: in lower case.
    """
    if run.isascii():
        return _ASCII.findall(run)
    found: list[str] = []
    before = ""
    for char in run:
        kind = _kind(char, before)
        if kind and kind != before:
            found.append("")
        if kind:
            found[-1] += char
        before = kind
    return found


def _kind(char: str, before: str) -> str:
    """`word` or `symbol`; empty: neither."""
    kind = unicodedata.category(char)
    if kind[0] == "M":
        return before or "word"
    if kind[0] in "LN":
        return "word"
    return "symbol" if kind == "So" or "\U0001f3fb" <= char <= "\U0001f3ff" else ""  # the latter: colours of skin
