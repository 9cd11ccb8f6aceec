"""The choices of a row, and the right one: its number from 0, or its text.

In a table the choices are JSON in one cell, or have a column each (`data.columns.choices` names them).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Any

from bertkit.data.columns.labels import HIDDEN, HIDDEN_TODO
from bertkit.data.columns.spans import cell
from bertkit.data.read.json_text import describe
from bertkit.data.read.rows import Unusable
from bertkit.errors import Setting, nearest

LEAVE_OUT = "correct it, or leave such rows out and count them"
SKIP = Setting("data.bad_rows", "skip")
NAME_IT = "write the number of the right choice, from 0, or its text"

FEWER = "rows with fewer choices than data.columns.choices has columns"
TWICE = "rows with a duplicate choice"

_WHOLE = re.compile(r"-?[0-9]{1,18}")


def choices(value: Any) -> list[str]:
    """Two texts or more, none of them blank.

    Raises:
        Unusable: the value holds something else.
    """
    return texts(value, "choice", least=2, setting=Setting("data.columns.choices", ("a", "b")))


def texts(value: Any, name: str = "text", *, least: int = 1, setting: Setting | None = None) -> list[str]:
    """So many texts at least, none of them blank.

    Args:
        name: what one of them is called.
        least: one or two.
        setting: how a column for each is named.

    Raises:
        Unusable: the value holds something else.
    """
    number = ("one", "two")[least - 1]
    with contextlib.suppress(Unusable):  # a text that is no JSON stays one
        value = cell(value)
    if value is None or value == "":
        raise Unusable("is missing", f"every row needs {number} or more; {LEAVE_OUT}", setting=SKIP)
    if not isinstance(value, list):
        todo = 'write ["a", "b"]' + (", or name a column for each" if setting else "")
        detail = f"found {describe(value)} ({value!r:.40})"
        raise Unusable(f"is not a list of {name}s", todo, detail=detail, setting=setting)
    for place, text in enumerate(value, 1):
        which = f"number {place} of {len(value)}"
        if text is None or (isinstance(text, str) and not text.strip()):
            raise Unusable(f"holds an empty {name}", LEAVE_OUT, detail=which, setting=SKIP)
        if not isinstance(text, str):
            detail = f"{which} is {describe(text)} ({text!r:.40})"
            raise Unusable(f"holds a {name} that is not a text", "write it in quotes", detail=detail)
    if len(value) < least:
        what = f"holds only one {name}" if value else f"holds no {name}"
        detail = f"{value[0]!r:.40}" if value else ""
        raise Unusable(what, f"at least {number} {'is' if least == 1 else 'are'} needed", detail=detail)
    return value


def plain(text: str) -> str:
    """A choice as it is compared with others: white space is collapsed."""
    return " ".join(text.split())


def right(label: int | str, texts: Sequence[str]) -> int:
    """Number, from 0, of the choice that a label names, by number or by text. A label that is an int is a number.

    Raises:
        Unusable: it names no choice, one by number and another by text, or a duplicate one.
    """
    number = _named(label, [plain(text) for text in texts])
    if sum(plain(text) == plain(texts[number]) for text in texts) > 1:
        raise Unusable("names a duplicate choice", LEAVE_OUT, detail=f"{texts[number]!r:.40}", setting=SKIP)
    return number


def _named(label: int | str, texts: Sequence[str]) -> int:
    text = plain(str(label))
    number = int(text) if _WHOLE.fullmatch(text) else None
    by_number = number if number is not None and 0 <= number < len(texts) else None
    by_text = texts.index(text) if isinstance(label, str) and text in texts else None
    if by_number is not None and by_text is not None and by_number != by_text:
        detail = f"{text} is the text of choice {by_text} and the number of {texts[by_number]!r}"
        raise Unusable("is ambiguous", f"in JSON, {by_text} without quotes is always a number", detail=detail)
    choice = by_text if by_number is None else by_number
    if choice is not None:
        return choice
    if text == HIDDEN:
        raise Unusable("is -1, which marks a hidden label", HIDDEN_TODO)
    if number is not None:
        detail = f"{text}, expected 0 to {len(texts) - 1}"
        todo = "the first choice has the number 0; are these counted from 1?"
        raise Unusable("is the number of no choice", todo, detail=detail)
    near = nearest(text, texts)
    raise Unusable("is none of the choices", f"did you mean {near}?" if near else NAME_IT, detail=f"{text!r:.40}")
