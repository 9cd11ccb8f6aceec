"""Finds the References in a recipe by the types of its fields.

A field whose texts name code is annotated `Reference` (any code) or `Annotated[str, ReferenceTo("metric")]` (also the
names of that kind), in the Recipe and in a task's Options alike:

    class Options(TaskOptions):
        augment: Reference | None = None

The file it names is then found from the recipe's folder, copied into the Run, and run elsewhere only if trusted.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel

from bertkit import plugins

Key = tuple[str | int, ...]
Visit = Callable[[Key, str, str], str]
"""(key, kind, Reference) -> the Reference to put in its place."""


@dataclass(frozen=True)
class ReferenceTo:
    """Marks texts that name code of this kind, a key of `plugins.TABLES`; empty: any code."""

    kind: str = ""


Reference = Annotated[str, ReferenceTo()]


def change_references(hint: Any, value: Any, visit: Visit, key: Key = ()) -> Any:
    """`value`, an instance or the plain values of `hint`, with each Reference replaced by what `visit` returns for it.

    Plain values may still have mistakes: what does not have the shape of its type is left as it is.
    """
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        kinds = [mark.kind for mark in inner[1:] if isinstance(mark, ReferenceTo)]
        if kinds and isinstance(value, str):
            return visit(key, kinds[0], value)
        return change_references(inner[0], value, visit, key)
    if origin in (typing.Union, types.UnionType):
        for member in inner:
            value = change_references(member, value, visit, key)
        return value
    if origin in (list, tuple) and inner:
        if isinstance(value, list | tuple):
            return type(value)(change_references(inner[0], item, visit, (*key, i)) for i, item in enumerate(value))
        return (
            change_references(inner[0], value, visit, (*key, 0)) if isinstance(value, str) else value
        )  # short for [x]
    if origin is dict and isinstance(value, dict):
        return {
            change_references(inner[0], name, visit, key): change_references(inner[1], item, visit, (*key, name))
            for name, item in value.items()
        }
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return _change_fields(hint, value, visit, key)
    return value


def _change_fields(model: type[BaseModel], value: Any, visit: Visit, key: Key) -> Any:
    fields = value if isinstance(value, dict) else dict(value) if isinstance(value, BaseModel) else {}
    changes = {}
    for name, field in model.model_fields.items():
        if name in fields:
            hint: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            changed = change_references(hint, fields[name], visit, (*key, name))
            if changed != fields[name]:
                changes[name] = changed
    if isinstance(value, BaseModel):
        return value.model_copy(update=changes)
    return {**value, **changes} if isinstance(value, dict) else value


def change_files(value: Any, change: Callable[[Path], str]) -> Any:
    """`value` with the file replaced in every text that reads as a Reference to a file, whatever its type."""
    if isinstance(value, dict):
        return {change_files(name, change): change_files(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [change_files(item, change) for item in value]
    file = plugins.file_of(value)
    return plugins.with_file(value, change(file)) if file else value
