"""pydantic's complaints about a recipe or a suite -> Problems in a user's words, each with its place."""

from __future__ import annotations

import typing
from typing import Any

from pydantic import BaseModel, ValidationError

from bertkit.errors import Problem, did_you_mean
from bertkit.recipe import other_names, train_block
from bertkit.recipe.references import Key
from bertkit.recipe.source import EXAMPLES, YamlValues

MOST_PROBLEMS = 50
"""Mistakes that are shown: each takes a search for the key that was meant."""


def schema_problems(
    error: ValidationError, model: type[BaseModel], source: YamlValues, at: Key = (), *, kind: str = "recipe"
) -> list[Problem]:
    """pydantic's complaints in a user's words.

    Args:
        at: where `model` stands among the values.
        kind: a key of `source.EXAMPLES`: an example of which is pointed to.
    """
    problems = []
    for item in error.errors()[:MOST_PROBLEMS]:
        key = _existing(source.values, at, item["loc"])
        name = ".".join(map(str, key))
        block = ".".join(map(str, (*at, *item["loc"])[:-1]))
        reason, remedy = _explain(dict(item), model, EXAMPLES[kind], block if kind == "recipe" else None)
        if item["type"] == "missing":
            key, name = (*key, item["loc"][-1]), ".".join(map(str, (*at, *item["loc"])))
        if item["type"] == "value_error":  # of keys that do not go together: the place of the last one that it names
            key = next((k for k in reversed(source.places) if k[:-1] == key and str(k[-1]) in reason), key)
        problems.append(Problem(name, reason, remedy, place=source.place(key)))
    return problems


def _existing(values: Any, at: Key, location: tuple[int | str, ...]) -> Key:
    """The part of pydantic's location that stands in the recipe (it also names members of unions)."""
    node: Any = values
    key = list(at)
    for part in at:
        node = node[part]
    for part in location:
        children = node if isinstance(node, dict) else dict(enumerate(node)) if isinstance(node, list) else {}
        if part in children:
            node = children[part]
            key.append(part)
    return tuple(key)


def _explain(item: dict[str, Any], model: type[BaseModel], example: str, block: str | None) -> tuple[str, str]:
    """Reason and remedy; `block` is the key of the block in a recipe where a key stands that is not known."""
    kind, value, limits = item["type"], item["input"], item.get("ctx", {})
    if kind in ("extra_forbidden", "invalid_key"):
        name, fields = str(item["loc"][-1]), _fields(model, item["loc"][:-1])
        if block is None:
            return "no such key", did_you_mean(name, fields)
        return "no such key", other_names.remedy(name, block, fields, train_block.known())
    if kind in ("string_too_short", "too_short"):
        return "is empty", "give it a value, or leave it out"
    if kind == "missing":
        return "missing", example
    if kind == "literal_error":
        return f"no such value: {value!r}", f"one of {limits['expected']}"
    expected = {
        "float_type": "a number",
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "bool_type": "true or false",
        "string_type": "a text",
        "list_type": "a list",
        "dict_type": "a block of keys",
        "model_type": "a block of keys",
    }
    if kind in expected:
        blocks = "write keys below it" if value is not None else "write keys below it, or leave it out"
        quotes = f'write it in quotes: "{value}"' if isinstance(value, int | float) else ""
        todo = {"a list": "write [one, two]", "a block of keys": blocks, "a text": quotes}.get(expected[kind], "")
        return f"expected {expected[kind]}, got {'nothing' if value is None else repr(value)}", todo
    bounds = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
    if kind in bounds:
        words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}[bounds[kind]]
        return f"must be {words} {limits[bounds[kind]]}, got {value}", ""
    return item["msg"].removeprefix("Value error, "), ""


def _fields(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    current: Any = model
    for part in location:
        hint = current.model_fields[part].annotation if part in getattr(current, "model_fields", {}) else None
        inner = [k for k in (hint, *typing.get_args(hint)) if isinstance(k, type) and issubclass(k, BaseModel)]
        if not inner:
            return []
        current = inner[0]
    return list(current.model_fields)
