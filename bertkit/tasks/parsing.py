"""Cells of a file of predictions -> values of an answer (`Task.parse`)."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from bertkit.data.columns import schemes
from bertkit.data.read.rows import Unusable


def number(value: Any) -> float:
    """A finite number. Raises Unusable."""
    try:
        parsed = float(value)
    except (TypeError, ValueError):
        parsed = math.nan
    if not math.isfinite(parsed):
        raise Unusable(f"not a number: {value!r:.40}")
    return parsed


def choice(value: Any, count: int) -> int:
    """The number of one of `count` choices. Raises Unusable."""
    text = str(value).strip()
    if (known := position(text, count)) is None:
        raise Unusable(f"not the number of a choice: {text!r:.40}", f"the choices are 0 to {count - 1}")
    return known


def position(text: str, count: int) -> int | None:
    """The number from 0 to `count - 1` that a text writes in digits; else None."""
    digits = text.isascii() and text.isdecimal() and len(text) <= 18
    return int(text) if digits and int(text) < count else None


def vectors(value: Any, dimensions: int) -> list[Any]:
    """A list of numbers, or of such lists where there are two dimensions, or its JSON. Raises Unusable."""
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
        array = np.asarray(parsed, dtype=np.float64)
    except (ValueError, TypeError, RecursionError):
        array = np.empty(0)
    if array.ndim != dimensions or not array.size or not np.isfinite(array).all():
        raise Unusable(f"not a vector: {value!r:.40}")
    return array.tolist()


def tags(value: Any, words: int) -> list[str]:
    """A tag per word: a list, its JSON, or tags with spaces between them. Raises Unusable."""
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        parsed = str(value).split()
    if not isinstance(parsed, list) or not all(isinstance(tag, str) for tag in parsed):
        raise Unusable(f"not a list of tags: {value!r:.40}")
    if len(parsed) != words:
        raise Unusable(f"{len(parsed)} tags for {words} words", "write one tag per word")
    for tag in parsed:
        if problem := schemes.check_tag(tag):
            raise Unusable(problem.reason, problem.remedy)
    return parsed
