"""Where a recipe key stands, for errors that are found after the recipe was checked: its line, or `--set`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bertkit.errors import BertkitError, Problem
from bertkit.recipe.references import Key
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import Sets, YamlValues, apply, locate, plain, read


@contextmanager
def with_places(name: Any, sets: Sets = ()) -> Iterator[None]:
    """Add to errors raised inside the place of the recipe key that they are about (see `placed`)."""
    try:
        yield
    except BertkitError as error:
        if (problems := placed(error.problems, name, sets)) == list(error.problems):
            raise
        raise type(error)(*problems) from error


def placed(problems: Sequence[Problem], name: Any, sets: Sets = ()) -> list[Problem]:
    """Problems, with the place of the recipe key that they are about: its line, or `--set`.

    Args:
        name, sets: as for `load`. A Recipe and a Run have no places.
    """
    at_home = isinstance(name, Recipe) or (not isinstance(name, Mapping) and Path(name).is_dir())
    if at_home or not any(map(_names_a_key, problems)):
        return [*problems]
    source = YamlValues(plain(name)) if isinstance(name, Mapping) else read(locate(name))
    apply(source, sets)
    return [_with_place(problem, source) for problem in problems]


def _names_a_key(problem: Problem) -> bool:
    """Whether a problem is about a key inside a block of a recipe, and has no place yet."""
    block, dot, _ = problem.key.partition(".")
    return bool(dot) and block in Recipe.model_fields and not problem.place


def _with_place(problem: Problem, source: YamlValues) -> Problem:
    if not _names_a_key(problem):
        return problem
    key: Key = tuple(int(part) if part.isdecimal() else part for part in problem.key.split("."))
    node: Any = source.values
    for part in key:
        children = node if isinstance(node, dict) else dict(enumerate(node)) if isinstance(node, list) else {}
        if part == "name" and isinstance(node, str):  # `model: NAME` is short for it
            break
        if part not in children:
            return problem
        node = children[part]
    return replace(problem, place=source.place(key))
