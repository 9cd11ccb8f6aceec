"""The choices of a row, and which of them is right: by its number from 0, or by its text.

In a cell of a table the choices are JSON, or each stands in a column of its own (`data.columns.choices` names them).
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
from bertkit.data.read.sources import setting
from bertkit.errors import did_you_mean

LEAVE_OUT = f"mend it, or leave such rows out and count them: {setting('data.bad_rows', 'skip')}"
WRITE = f'write ["a", "b"], or name a column for each: {setting("data.columns.choices", ["a", "b"])}'
NAME_IT = "write the number of the right choice, from 0, or its text"

FEWER = "rows with fewer choices than data.columns.choices has columns"
TWICE = "rows with a choice twice"

_WHOLE = re.compile(r"-?[0-9]+")


def choices(value: Any) -> list[str]:
    """Two texts or more, none of them blank.

    Raises:
        Unusable: the value holds something else.
    """
    with contextlib.suppress(Unusable):  # a text that is no JSON stays one
        value = cell(value)
    if value is None or value == "":
        raise Unusable("is missing", f"every row needs two or more; {LEAVE_OUT}")
    if not isinstance(value, list):
        raise Unusable(f"is not a list of choices: found {describe(value)} ({value!r:.40})", WRITE)
    for number, text in enumerate(value, 1):
        which = f"number {number} of {len(value)}"
        if text is None or (isinstance(text, str) and not text.strip()):
            raise Unusable(f"holds an empty choice: {which}", LEAVE_OUT)
        if not isinstance(text, str):
            raise Unusable(f"holds what is no text: {which} is {describe(text)} ({text!r:.40})", "write it in quotes")
    if len(value) < 2:
        found = f"one choice only: {value[0]!r:.40}" if value else "no choice"
        raise Unusable(f"holds {found}", "there must be two or more to choose from")
    return value


def plain(text: str) -> str:
    """A choice as it is compared with others: white space does not count."""
    return " ".join(text.split())


def right(label: int | str, texts: Sequence[str]) -> int:
    """Number, from 0, of the choice that a label names by its number or by its text. One that is no text is a number.

    Raises:
        Unusable: it names none, two in two ways, or one that stands twice.
    """
    number = _named(label, [plain(text) for text in texts])
    if sum(plain(text) == plain(texts[number]) for text in texts) > 1:
        raise Unusable(f"names a choice that stands twice: {texts[number]!r:.40}", LEAVE_OUT)
    return number


def _named(label: int | str, texts: Sequence[str]) -> int:
    text = plain(str(label))
    number = int(text) if _WHOLE.fullmatch(text) else None
    by_number = number if number is not None and 0 <= number < len(texts) else None
    by_text = texts.index(text) if isinstance(label, str) and text in texts else None
    if by_number is not None and by_text is not None and by_number != by_text:
        what = f"can be read in two ways: {text} is the text of choice {by_text} and the number of {texts[by_number]!r}"
        raise Unusable(what, f"in JSON, {by_text} without quotes is a number and nothing else")
    found = by_text if by_number is None else by_number
    if found is not None:
        return found
    if text == HIDDEN:
        raise Unusable("is -1, which marks a hidden label", HIDDEN_TODO)
    if number is not None:
        what = f"is the number of no choice: {text}, expected 0 to {len(texts) - 1}"
        raise Unusable(what, "the first choice has the number 0; are these counted from 1?")
    hint = did_you_mean(text, texts)
    raise Unusable(f"is none of the choices: {text!r:.40}", hint if hint.startswith("did") else NAME_IT)
