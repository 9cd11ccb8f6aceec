"""Texts that others wrote, made safe to show: on a terminal, in Markdown, on a page; and no longer than people read.
Figures, written alike everywhere.

Labels, names of files and texts may hold escape sequences that rewrite a terminal, characters that reverse the order of
a line (Boucher and Anderson 2021, "Trojan Source"), or newlines that fake a line of ours. They are shown as `\\x1b` or
the like. Joiners stay, as Persian, Indic scripts and emoji are written with them.
"""

from __future__ import annotations

import bisect
import itertools
import math
import re
import unicodedata
from collections.abc import Sequence

MOST = 2000
"""Characters of a message or a cell of a table: an hour of scrolling otherwise, where a file has 10,000 columns."""

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MARKDOWN = re.compile(r"([\\`*~$\[\]<>|&]|(?<![^\W_])_|_(?![^\W_])|(?<=\bwww)\.|:(?=//))")
"""Signs of Markdown: an underscore within a word is none; a colon and a dot make a link of an address."""
_BEGINS = re.compile(r"(\s*(?:\d{1,9}(?=[.)]))?)([#+.)-])")
"""What makes a heading or an item of a list at the beginning of a line."""


def visible(text: str, *, keep: str = "") -> str:
    """A text with control characters, marks of direction and lone surrogates written out.

    Args:
        keep: control characters to leave: newlines of a text of several lines.
    """
    return text if text.isprintable() else _UNSEEN.sub(lambda one: one[0] if one[0] in keep else _written(one[0]), text)


def shorten(text: str, most: int = MOST) -> str:
    """A text without its middle if it is longer than `most`: both the cause and the remedy of a message stay."""
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail]} ... ({len(text) - most:,} characters left out) ... {text[-tail:]}"


def line(text: str) -> str:
    """A text as one line of a terminal: visible and short."""
    return visible(shorten(text))


def width(text: str) -> int:
    """Columns that a text takes on a terminal: a Chinese character takes two (Unicode Standard Annex 11)."""
    return sum(0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF") for one in text)


def cut(text: str, most: int) -> str:
    """A text of at most `most` columns; an ellipsis shows that it was cut."""
    if width(text) <= most:
        return text
    kept = list(itertools.accumulate(map(width, text)))
    return f"{text[: bisect.bisect_right(kept, most - 1)]}…"


def code(text: str, most: int = 200) -> str:
    """A text as a code span of Markdown (CommonMark 6.1); not in a table, where a pipe would end the cell."""
    shown = visible(shorten(text, most)) or " "
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{shown}{space}{fence}"


def markdown(text: str, most: int = 200) -> str:
    """A text in a line or a cell of Markdown: none of its characters is markup or HTML."""
    escaped = _MARKDOWN.sub(r"\\\1", visible(shorten(text, most)))
    begin = _BEGINS.match(escaped)
    return f"{begin[1]}\\{escaped[begin.end(1) :]}" if begin else escaped


def figure(value: float | None, digits: int = 4, sign: str = "") -> str:
    """A figure with its decimals; None and nan, which the rows leave undefined, as `undefined`.

    Args:
        sign: `+`: a plus before what is not negative, as of a difference.
    """
    return "undefined" if value is None or math.isnan(value) else f"{value:{sign}.{digits}f}"


def interval(ends: Sequence[float | None] | None, digits: int = 4, sign: str = "") -> str:
    """`0.9162 to 0.9334`; empty without one, or where an end is undefined."""
    known = [end for end in ends or () if end is not None and not math.isnan(end)]
    return " to ".join(figure(end, digits, sign) for end in known) if len(known) == 2 else ""


def with_interval(value: float | None, ends: Sequence[float | None] | None, sign: str = "") -> str:
    """`0.9250 (0.9162 to 0.9334)`."""
    shown = interval(ends, sign=sign)
    return f"{figure(value, sign=sign)} ({shown})" if shown else figure(value, sign=sign)


def p_value(p: float | None) -> str:
    """A p value: four decimals, or where they would all be 0 its power of ten."""
    return figure(p) if p is None or math.isnan(p) or p >= 0.00005 else f"{p:.1e}"


def _written(character: str) -> str:
    number = ord(character)
    return _NAMED.get(character) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")
