"""What the modules of this room share: how a tool's rows become rows with the columns of the tasks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bertkit.data.read.json_text import describe
from bertkit.data.read.rows import Unusable

Values = dict[str, Any]
"""A row: the keys of a JSON object, or the cells of a table by their columns."""

Note = Callable[[str], None]
"""Counts something of a row that is not used, by the reason."""


class Annotated(NamedTuple):
    """A row as a tool annotated it."""

    values: Values
    """`text`, those of `spans`, `label`, `score`, `question`, `context`, `answers` that it has, and other columns."""
    left_out: str = ""
    """Why its annotations say nothing, if so: then it is only used where no answers are needed."""


Convert = Callable[[Values, Note], Annotated]


@dataclass(frozen=True)
class Export:
    """The export of one tool.

    `fits` tells whether a row has its shape; one such row among the first ones of a file is enough. `opened` is given
    the first rows and the columns that the recipe names, and returns what converts each row, which raises Unusable.
    """

    whose: str
    fits: Callable[[Values], bool]
    opened: Callable[[Sequence[Values], set[str]], Convert]


def same_for_all(convert: Convert) -> Callable[[Sequence[Values], set[str]], Convert]:
    """For a tool whose rows are converted alike in all files."""
    return lambda rows, asked: convert


def listed(values: Values, key: str) -> list[Any]:
    """The list at a key; an empty one where there is nothing.

    Raises:
        Unusable: something else stands there.
    """
    value = values.get(key)
    if value is not None and not isinstance(value, list):
        raise Unusable(f"{key} is not a list", detail=f"found {describe(value)}")
    return value or []


def objects(values: Values, key: str) -> list[Values]:
    """The objects of the list at a key.

    Raises:
        Unusable: there is no list, or an element is no object.
    """
    for number, item in enumerate(listed(values, key), 1):
        if not isinstance(item, dict):
            detail = f"number {number} is {describe(item)}"
            raise Unusable(f"{key} holds an element that is not an object", detail=detail)
    return listed(values, key)


def span(start: Any, end: Any, label: Any, mention: Any, text: Any) -> Values:
    """An entity as the column kind `spans` takes it.

    A mention that differs from its text in white space alone is not passed on: tools write a line break inside an
    entity as a space, or as `\\n` in two characters.
    """
    one = {"start": start, "end": end, "label": label}
    if not isinstance(mention, str):
        return one
    places = isinstance(text, str) and isinstance(start, int) and isinstance(end, int) and 0 <= start <= end
    return one if places and plain(text[start:end]) == plain(mention) else {**one, "text": mention}


def plain(text: str) -> str:
    """The text with each stretch of white space, or of `\\n` in two characters, as one space."""
    return re.sub(r"(\s|\\[nrt])+", " ", text)


def is_triple(value: Any) -> bool:
    """Whether this is a span as `[start, end, label]`."""
    return isinstance(value, list) and len(value) == 3 and all(type(place) is int for place in value[:2])
