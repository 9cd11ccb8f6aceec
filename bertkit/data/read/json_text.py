"""JSON as Python reads it, except that a key that occurs twice in one object is reported."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from bertkit.errors import Problem
from bertkit.files.json_file import MOST_DEPTH, check_depth, describe

__all__ = ["Repeated", "describe", "parse", "parse_all", "reason"]

_GAP = re.compile(r"[ \t\n\r,]*")


class Repeated(dict):
    """An object in which `key` occurs twice: JSON parsers keep the last value without a warning."""

    key = ""

    def problem(self, place: str) -> Problem:
        return Problem(place, "a key occurs twice in one object", "keep one of them", repr(self.key))


def parse(text: str) -> Any:
    """The value that a text holds; an object with a key twice is a `Repeated`.

    Raises:
        ValueError, RecursionError: it is no JSON; `reason` says why.
    """
    value = json.loads(text, object_pairs_hook=_object)
    check_depth(text, value)
    return value


def parse_all(text: str) -> list[tuple[Any, int]]:
    """The values that stand one after the other in a text, with or without commas between them, and their positions.

    Raises:
        ValueError, RecursionError: one of them is no JSON.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    values, position = [], _after_gap(text, 0)
    while position < len(text):
        value, end = decoder.raw_decode(text, position)
        check_depth(text[position:end], value)
        values.append((value, position))
        position = _after_gap(text, end)
    return values


def _after_gap(text: str, position: int) -> int:
    gap = _GAP.match(text, position)
    return gap.end() if gap else position


def reason(error: Exception) -> str:
    """Why a text could not be parsed."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (column {error.colno})"
    if isinstance(error, RecursionError):
        return f"nested deeper than {MOST_DEPTH} levels"
    return str(error).partition("; ")[0]  # Python's advice about long numbers is for programmers


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        value = Repeated(value)
        value.key = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
    return value
