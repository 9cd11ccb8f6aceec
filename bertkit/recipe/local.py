"""Where a Run's files lie on this machine: kept beside its recipe, so that the recipe can be published.

`recipe.yaml` of a Run names a file or a folder without the folders above it (`./reviews.csv`); `local.json` has the
whole path. Without it, `./reviews.csv` is looked for in the Run.
"""

from __future__ import annotations

import glob
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bertkit import plugins
from bertkit.errors import RecipeError
from bertkit.files.json_file import read_json
from bertkit.fs import write_json, write_text
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import SETS, YamlValues

LOCAL = "local.json"
"""Beside the recipe: `{"paths": {"data.train.0": "/home/me/reviews.csv"}, "command": [...]}`."""

PRIVATE = f"{LOCAL}\ntensorboard/\ncheckpoints/\n.lock\n"
"""What of a Run names this machine, its user or their folders."""

PLACES = {"data": ("train", "validation", "test", "label_names"), "model": ("name", "tokenizer")}
"""Where a recipe has paths."""

MOVABLE = ("data.train", "data.validation", "data.test", "model.name", "model.tokenizer")
"""Keys that say where things lie, and may change while a training is stopped: what lies there must be the same."""


class _Local(BaseModel):
    paths: dict[str, str]


def published(path: str) -> str:
    """A path without the folders above it: `/home/me/a.json#key` is `./a.json#key`. Any other text stays as it is."""
    return f"./{Path(path).name or 'folder'}" if Path(path).is_absolute() else path


def published_reference(reference: str) -> str:
    """A Reference to code without the folders above its file: `mine.py:Task`."""
    file = plugins.file_of(reference)
    return plugins.with_file(reference, file.name) if file else reference


def without_folders(recipe: Recipe) -> tuple[Recipe, dict[str, str]]:
    """The recipe with `published` paths, and each whole path by its key."""
    paths: dict[str, str] = {}

    def hide(key: str, value: str) -> str:
        if published(value) != value:
            paths[key] = value
        return published(value)

    values = recipe.model_dump()
    _change(values, hide)
    changes = {name: getattr(recipe, name).model_copy(update=values[name]) for name in ("data", "model")}
    data = changes["data"].model_copy(update={"limit": recipe.data.limit})
    return recipe.model_copy(update={**changes, "data": data}), paths


def write_local(run: Path, paths: dict[str, str]) -> None:
    """Write whole paths and this process's command line for this user alone, and what git and the hub leave out."""
    write_json(run / LOCAL, {"paths": paths, "command": sys.argv})
    (run / LOCAL).chmod(0o600)
    write_text(run / ".gitignore", PRIVATE)


def put_folders_back(source: YamlValues) -> None:
    """Put the whole paths into the values of a Run's recipe file, in place, where they are still those it was given.

    Raises:
        RecipeError: `local.json` can not be used.
    """
    file = source.folder / LOCAL
    if not file.is_file():
        return
    remedy = "remove it, and name the data with --set"
    paths: dict[str, str] = read_json(file, _Local, error=RecipeError, remedy=remedy)["paths"]

    def show(key: str, value: str) -> str:
        given_here = source.place(tuple(int(part) if part.isdigit() else part for part in key.split("."))) == SETS
        path = paths.get(key, value)
        return path if not given_here and published(path) == value else value

    _change(source.values, show)


def is_movable(key: str) -> bool:
    """Whether a key, such as `data.train.0`, only says where something lies."""
    return any(f"{key}.".startswith(f"{movable}.") for movable in MOVABLE)


def not_there(recipe: Recipe) -> list[tuple[str, str]]:
    """The files and folders of a Run's recipe that do not exist: (key, path)."""
    gone = []
    for key in MOVABLE:
        value = getattr(getattr(recipe, key.partition(".")[0]), key.partition(".")[2])
        for path in [value] if isinstance(value, str) else value or ():
            places = (path, path.rpartition("#")[0])  # a name may hold a # of its own
            if Path(path).is_absolute() and not any(place and glob.glob(place, recursive=True) for place in places):  # noqa: PTH207
                gone.append((key, path))
    return gone


def with_places_of(recipe: Recipe, other: Recipe) -> Recipe:
    """A recipe with the places of another one."""
    changes = {}
    for block, keys in (("data", ("train", "validation", "test")), ("model", ("name", "tokenizer"))):
        places = {key: getattr(getattr(other, block), key) for key in keys}
        changes[block] = getattr(recipe, block).model_copy(update=places)
    return recipe.model_copy(update=changes)


def put_places(values: dict[str, Any], recipe: Recipe) -> None:
    """Put a recipe's places into the plain values of another one's file, in place."""
    for key in MOVABLE:
        block, _, name = key.partition(".")
        value = getattr(getattr(recipe, block), name)
        if isinstance(values.get(block), dict) and (value is not None or name in values[block]):
            values[block][name] = value


def _change(values: dict[str, Any], change: Callable[[str, str], str]) -> None:
    """Replace each path of plain values, in place, by what `change(key, path)` returns."""
    for block, names in PLACES.items():
        inside: Any = values.get(block)
        for name in names if isinstance(inside, dict) else ():
            value = inside.get(name)
            if isinstance(value, str):
                inside[name] = change(f"{block}.{name}", value)
            elif isinstance(value, list) and name != "label_names":
                inside[name] = [
                    change(f"{block}.{name}.{number}", item) if isinstance(item, str) else item
                    for number, item in enumerate(value)
                ]
