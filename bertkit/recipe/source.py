"""A recipe -> plain values and the place of each: a file (yaml_text.py) or its name, and `KEY=VALUE` texts."""

from __future__ import annotations

import copy
import functools
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bertkit.errors import Parameter, Problem, RecipeError, Setting, did_you_mean
from bertkit.recipe import yaml_text
from bertkit.recipe.references import Key

DATA = (".csv", ".tsv", ".jsonl", ".parquet", ".txt")
"""Endings of data files, which are sometimes passed as a recipe by mistake."""
SETS = Parameter("sets")
"""The place of a value that `sets` gave."""
Sets = Sequence[str] | Mapping[str, Any]
"""`KEY=VALUE` texts or, from Python, a dict of keys and values."""


@dataclass
class YamlValues:
    """Plain values of a recipe or a suite; `places` maps a key's path to `file:line` or SETS."""

    values: dict[str, Any]
    places: dict[Key, str] = field(default_factory=dict)
    folder: Path = Path()
    """Relative paths in the file start here; those of `sets` and of bertkit's own recipes at the current folder."""

    def place(self, key: Key) -> str:
        """Where `key` stands, else the nearest key above it."""
        while key and key not in self.places:
            key = key[:-1]
        return self.places.get(key, "")

    def folder_of(self, key: Key) -> Path:
        """Where a relative path at `key` starts."""
        return Path() if isinstance(self.place(key), Parameter) else self.folder

    def problem(self, key: Key, reason: str, remedy: str = "") -> Problem:
        """A Problem of the value at `key`."""
        return Problem(".".join(map(str, key)), reason, remedy, place=self.place(key))


EXAMPLES = {
    "recipe": "bertkit recipe show classify prints a full one",
    "suite": "bertkit bench --help shows a full one",
    "file of tests": "docs/robustness.md shows a full one",
}
"""What a remedy points to where keys are missing."""


RECIPE = "recipe.yaml"
"""The recipe of a Run, in its folder."""


def recipes_folder() -> Path:
    """The recipes that come with bertkit: inside the package once installed, beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "recipes"
    return inside if inside.is_dir() else package.parent / "recipes"


def recipe_names() -> list[str]:
    """Names of the recipes that come with bertkit, such as `glue/mrpc`, sorted."""
    folder = recipes_folder()
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml"))


def locate(name: str | Path) -> Path:
    """The file of a recipe, given its path or the name of one that comes with bertkit.

    Raises:
        RecipeError: neither exists.
    """
    path = _at_home(Path(name))
    if path.suffix.lower() in DATA:
        todo = "to train on it: bertkit train classify --set model.name=bert-base-uncased"
        raise RecipeError.at(
            str(name), "looks like data, and a recipe is YAML", todo, setting=Setting("data.train", str(name))
        )
    if path.is_file():
        return path
    if (path / RECIPE).is_file():
        raise RecipeError.at(str(name), "a Run folder, not a recipe", f"its recipe is {path / RECIPE}")
    if str(name) in recipe_names():
        return recipes_folder() / f"{name}.yaml"
    todo = f"{did_you_mean(str(name), recipe_names())} (bertkit recipe list shows them all)"
    raise RecipeError.at(str(name), "no such file, and no such recipe comes with bertkit", todo)


def read(path: Path, sets: Sets = ()) -> YamlValues:
    """Read a recipe file and apply `KEY=VALUE` texts in their order.

    Raises:
        RecipeError: not YAML, not a mapping, a key twice, or a `KEY=VALUE` that can not be applied.
    """
    source = parse(yaml_text.read_text(path), str(path))
    source.folder = Path() if recipes_folder() in path.parents else path.parent
    apply(source, sets)
    return source


def apply(source: YamlValues, sets: Sets) -> None:
    """Apply `KEY=VALUE` texts in their order, in place; also those of a dict.

    Raises:
        RecipeError: those that can not be applied.
    """
    sets = as_texts(sets)
    if isinstance(sets, str) or not all(isinstance(text, str) for text in sets):
        raise RecipeError.at(SETS, f"expected a list of KEY=VALUE texts or a dict, got {sets!r:.40}")
    problems = [problem for text in sets if (problem := _apply(source, text))]
    if problems:
        raise RecipeError(*problems)


def as_texts(sets: Sets) -> Sequence[str]:
    """`KEY=VALUE` texts, also of a dict."""
    if not isinstance(sets, Mapping):
        return sets
    return [f"{key}={json.dumps(plain(value), ensure_ascii=False, default=str)}" for key, value in sets.items()]


def plain(value: Any) -> Any:
    """A Python value as YAML has it: dicts, lists and texts in place of other mappings, tuples and paths."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def parse(text: str | bytes, name: str, kind: str = "recipe") -> YamlValues:
    """Parse YAML.

    Args:
        name: of the file, for the places.
        kind: a key of EXAMPLES, for the error of a text that is no mapping.

    Raises:
        RecipeError: not YAML, not a mapping, or a key twice.
    """
    parsed = _parsed(text, name, kind)
    return YamlValues(copy.deepcopy(parsed.values), dict(parsed.places))


@functools.lru_cache(maxsize=32)
def _parsed(text: str | bytes, name: str, kind: str) -> YamlValues:
    """A command reads the recipe of its Run several times; ruamel takes milliseconds per line."""
    values, places = yaml_text.load(text, name)
    if not isinstance(values, dict):
        raise RecipeError.at(name, f"a {kind} is a mapping of keys to values", EXAMPLES[kind])
    return YamlValues(values, places)


def _apply(source: YamlValues, text: str) -> Problem | None:
    name, equals, value = text.partition("=")
    key = tuple(part.strip() for part in name.split("."))
    if not equals or not all(key) or len(key) > yaml_text.MOST_DEPTH:
        return Problem(SETS, f"{text}: expected KEY=VALUE", "for example", setting=Setting("train.num_train_epochs", 3))
    if value.strip() in ("|", ">"):  # a delimiter; YAML would take it for the head of a text of several lines
        value = f"'{value.strip()}'"
    try:
        parsed = parse(f"value: {value}" if value.strip() else "value: ''", SETS).values
        if len(parsed) > 1 or str(parsed["value"]).count("#") < value.count("#"):  # the rest is a comment
            reason = f"YAML would not read all of {value!r}"
            return Problem(name, reason, "quote the value, for example KEY='\"#1\"'", place=SETS)
    except RecipeError as error:
        return Problem(name, error.problems[0].reason, "quote the value, for example KEY='\"a: b\"'", place=SETS)
    node = source.values
    for part in key[:-1]:
        child = node.setdefault(part, {})
        if part == "model" and isinstance(child, str):
            child = node[part] = {"name": child}
        if child is None:
            child = node[part] = {}
        if not isinstance(child, dict):
            remedy = f"set {part} itself to replace it"
            return Problem(name, f"{part} is a value, not a block", remedy, place=SETS)
        node = child
    node[key[-1]] = parsed["value"]
    for stale in [k for k in source.places if k[: len(key)] == key]:
        del source.places[stale]
    source.places[key] = SETS
    return None


def anchor(source: YamlValues, keys: Iterable[Key], is_path: Callable[[str, Path], bool]) -> None:
    """Make the relative paths at `keys` absolute, in place: they start at the recipe's folder, those of `sets` here.

    `is_path(text, folder)` decides which texts are paths; of a list, each item.
    """

    def absolute(value: Any, folder: Path) -> Any:
        if isinstance(value, list):
            return [absolute(item, folder) for item in value]
        if not isinstance(value, str) or not is_path(value, folder):
            return value
        return normal(folder, Path(value))

    for key in keys:
        parent: Any = source.values
        for part in key[:-1]:
            parent = parent.get(part) if isinstance(parent, dict) else None
        if (
            isinstance(parent, dict)
            and key[-1] in parent
            and not (key == ("model",) and isinstance(parent[key[-1]], dict))
        ):
            parent[key[-1]] = absolute(parent[key[-1]], source.folder_of(key))


def normal(folder: Path, path: Path) -> str:
    return os.path.abspath(folder / _at_home(path))  # noqa: PTH100 - Path.absolute keeps `..`


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # `~nobody`: the error of the missing file will name it
        return path
