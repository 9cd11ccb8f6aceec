"""The texts of rows, and what is odd in them: lost characters, wrong encodings, HTML.

Texts are compared in a normal form: NFKC, case folded, white space collapsed. The rows are not changed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from bertkit.data.check.finding import Finding, finding
from bertkit.data.columns.column import Column

KINDS = ("text", "words", "choices", "texts")
"""Kinds of columns that hold texts."""

Key = tuple[str, ...]
"""The texts of a row in normal form."""

_CONTINUED = (
    "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"  # second or later byte of a UTF-8 character, read as latin-1 or cp1252
)

TROUBLES = {
    "a character was lost (U+FFFD)": re.compile("\ufffd"),
    "UTF-8 read in another encoding (such as Ã©, â€™)": re.compile(f"[ÂÃ]{_CONTINUED}|â{_CONTINUED}{{2}}"),
    "control characters": re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"),
    "invisible characters (zero width, byte order mark)": re.compile("[\u200b\u2060\ufeff]"),
    "HTML": re.compile(r"&(?:amp|lt|gt|quot|nbsp|#\d+);|<br ?/?>"),
    "no letter at all": re.compile(r"\A(?=.*\S)[\W\d_]+\Z", re.DOTALL),
}
"""Name of a problem in a text -> its pattern."""


def values(rows: Any, name: str) -> list[Any] | None:
    """A column of a Dataset or of a list of dicts; None if the rows do not have it, or are read on access."""
    if hasattr(rows, "column_names"):
        return rows[name][:] if name in rows.column_names else None
    if isinstance(rows, list) and rows and all(name in row for row in rows):
        return [row[name] for row in rows]
    return None


def places_of(rows: Any) -> list[str]:
    """`file:line` of each row, where it is known."""
    return values(rows, "place") or [f"row {number}" for number in range(1, len(rows) + 1)]


def texts_of(rows: Any, columns: Sequence[Column]) -> dict[str, list[str]]:
    """The columns that hold texts; words and choices are joined by spaces."""
    found = {column.name: values(rows, column.name) for column in columns if column.kind in KINDS}
    return {
        name: [value if isinstance(value, str) else " ".join(value or ()) for value in column]
        for name, column in found.items()
        if column is not None
    }


def normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def keys(texts: dict[str, list[str]]) -> list[Key]:
    """The texts of each row, in normal form; no keys without texts."""
    return list(zip(*([normal(text) for text in column] for column in texts.values()), strict=True))


def empty_texts(texts: dict[str, list[str]], places: Sequence[str]) -> Finding:
    """Rows with an empty text."""
    rows = zip(places, *texts.values(), strict=True) if texts else ()
    return finding([place for place, *row in rows if not all(map(str.strip, row))])


def troubles(texts: dict[str, list[str]], places: Sequence[str]) -> dict[str, Finding]:
    """Rows with a text that matches one of `TROUBLES`."""
    rows = list(zip(places, *texts.values(), strict=True)) if texts else []
    matches = {
        name: [place for place, *row in rows if any(map(pattern.search, row))] for name, pattern in TROUBLES.items()
    }
    return {name: finding(where) for name, where in matches.items() if where}
