"""What the shell offers on TAB: recipes, suites, tasks, and the keys of `--set` (`bertkit --install-completion`).

Nothing here imports torch or transformers: the keys of `train:` are read from the text of transformers' file.
"""

from __future__ import annotations

import ast
import importlib.util
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

YAML = (".yaml", ".yml")


def recipes(incomplete: str) -> list[str]:
    """Recipes that come with bertkit, and YAML files and folders here."""
    from bertkit.recipe.source import recipe_names

    return [*_starting(recipe_names(), incomplete), *_files(incomplete)]


def suites(incomplete: str) -> list[str]:
    """Suites that come with bertkit, `retrieval`, and YAML files and folders here."""
    from bertkit.bench.suite_file import BUILT_IN

    return [*_starting([*BUILT_IN, "retrieval"], incomplete), *_files(incomplete)]


def tasks(incomplete: str) -> list[str]:
    """Names of tasks."""
    from bertkit.tasks import TASKS

    return _starting(TASKS, incomplete)


def settings(context: typer.Context, incomplete: str) -> list[str]:
    """Keys for `--set`, with those of the recipe's task, and the values of a key that has a few."""
    key, given, value = incomplete.partition("=")
    if given:
        return [f"{key}={one}" for one in _starting(_values(key), value)]
    # Behind a --set that has no value yet, Click leaves the arguments unparsed.
    named = [*(context.params.get(name) for name in ("recipe", "name", "on", "task")), *context.args]
    task = next(filter(None, (_task(one) for one in named if one)), "")
    return _starting([f"{key}=" for key in _keys(task)], incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _files(incomplete: str) -> list[str]:
    path = Path(incomplete)
    folder = path if incomplete.endswith("/") else path.parent
    found = folder.glob("*") if folder.is_dir() else ()
    names = [f"{one}/" if one.is_dir() else str(one) for one in found if one.is_dir() or one.suffix in YAML]
    return sorted(name for name in names if name.startswith(incomplete) and not Path(name).name.startswith("."))


def _task(recipe: str) -> str:
    """The task of a recipe; empty where it is unknown or a user's own, whose code must not run on TAB."""
    from bertkit.errors import BertkitError
    from bertkit.recipe.source import locate, read
    from bertkit.tasks import TASKS

    if recipe in TASKS:
        return recipe
    try:
        task = read(locate(recipe)).values.get("task")
    except (BertkitError, OSError):
        return ""
    return task if task in TASKS else ""


def _keys(task: str) -> list[str]:
    from bertkit import plugins
    from bertkit.recipe.schema import DataBlock, Limits, ModelBlock, Recipe

    blocks = ("model", "data", "options", "train")
    keys = [name for name in Recipe.model_fields if name not in blocks]
    keys += [f"model.{name}" for name in ModelBlock.model_fields]
    keys += [f"data.{name}" for name in DataBlock.model_fields if name not in ("columns", "limit")]
    keys += [f"data.limit.{name}" for name in Limits.model_fields]
    keys += [f"train.{name}" for name in _trained()]
    if task:
        kind = plugins.find("task", task)
        keys += [f"data.columns.{column.name}" for column in kind(kind.Options()).columns]
        keys += [f"options.{name}" for name in kind.Options.model_fields]
    return sorted(keys)


def _trained() -> list[str]:
    """The keys of `train:`. Importing TrainingArguments takes seconds; its fields are in its file's syntax tree."""
    from bertkit.recipe.train_block import LAYER_DECAY, MAX_MINUTES, MIN_STEPS, SET_BY_BERTKIT, UNUSED

    package = importlib.util.find_spec("transformers")
    if package is None or package.origin is None:
        return []
    tree = ast.parse(Path(package.origin).with_name("training_args.py").read_text("utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "TrainingArguments")
    names = [node.target.id for node in body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]
    usable = [name for name in names if name not in SET_BY_BERTKIT and name not in UNUSED and not name.startswith("_")]
    return [*usable, LAYER_DECAY, MAX_MINUTES, MIN_STEPS]


def _values(key: str) -> list[str]:
    """The values that a key may have, if they are few."""
    from bertkit.metrics import METRICS
    from bertkit.recipe.schema import DataBlock, ModelBlock
    from bertkit.tasks import TASKS

    named = {"task": [*TASKS], "metrics": [*METRICS]}
    if key in named:
        return named[key]
    block, _, name = key.partition(".")
    blocks: dict[str, type[BaseModel]] = {"data": DataBlock, "model": ModelBlock}
    model = blocks.get(block)
    if model is None or name not in model.model_fields:
        return []
    hint = model.model_fields[name].annotation
    return ["true", "false"] if hint is bool else [str(one) for one in typing.get_args(hint) if isinstance(one, str)]
