"""Columns inside of objects: `doc.body` is the value of `body` in the object `doc`, `labels.0` the first of a list.

A column whose own name holds the dots goes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

DEPTH = 4
"""Levels of objects whose columns messages name."""

_ABSENT = object()


def get(values: Mapping[str, Any], name: str) -> Any:
    """The value of a column; None where the row has none."""
    found = values[name] if name in values else _follow(values, name.split("."))
    return None if found is _ABSENT else found


def there(values: Mapping[str, Any], name: str) -> bool:
    """Whether a row has a column. It may have one inside of a value that is null."""
    return name in values or _follow(values, name.split(".")) is not _ABSENT


def columns_in(values: Mapping[str, Any]) -> list[str]:
    """The names of a row's columns for messages: those of objects that hold texts or numbers are `doc.body`."""
    return list(_leaves(values, "", DEPTH))


def _follow(value: Any, parts: list[str]) -> Any:
    """The value on the way of `parts`; a key may hold dots. `_ABSENT` if there is none."""
    if not parts or value is None:
        return value
    if isinstance(value, list) and parts[0].isdecimal() and len(parts[0]) < 10:
        return _follow(value[at], parts[1:]) if (at := int(parts[0])) < len(value) else _ABSENT
    if isinstance(value, Mapping):
        for count in range(len(parts), 0, -1):
            if (key := ".".join(parts[:count])) in value:
                return _follow(value[key], parts[count:])
    return _ABSENT


def _leaves(values: Mapping[str, Any], before: str, depth: int) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping) and depth > 1 and _holds_scalars(value):
            yield from _leaves(value, f"{before}{name}.", depth - 1)
        else:
            yield f"{before}{name}"


def _holds_scalars(value: Mapping[str, Any]) -> bool:
    """Whether an object holds a text or number at any level: else it is one value, such as CLUENER's entities."""
    return any(_holds_scalars(one) if isinstance(one, Mapping) else not isinstance(one, list) for one in value.values())
