"""JSON as Python reads it, except that a key that occurs twice in one object is reported."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from bertkit.errors import Problem

TYPES = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}


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
    return json.loads(text, object_pairs_hook=_object)


def describe(value: Any) -> str:
    """What a value is, for a message: `a number`, `a list`, `nothing`."""
    kinds = (name for kind, name in TYPES.items() if isinstance(value, kind))
    return "nothing" if value is None else next(kinds, f"of type {type(value).__name__}")


def reason(error: Exception) -> str:
    """Why a text could not be parsed."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (column {error.colno})"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        value = Repeated(value)
        value.key = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
    return value
