"""Recipe file + `KEY=VALUE` texts -> Recipe, with every mistake reported at once.

`load` checks the shape (schema.py), the train block (train_block.py), the task's options and every Reference, and
raises them all together, each with its line.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bertkit import plugins, trust
from bertkit.errors import BertkitError, Problem, RecipeError
from bertkit.fs import is_remote
from bertkit.recipe import train_block, yaml_text
from bertkit.recipe.code import code_of, is_of_run
from bertkit.recipe.contradictions import contradictions, settle_length
from bertkit.recipe.local import put_folders_back
from bertkit.recipe.references import Key, Visit, change_references
from bertkit.recipe.schema import MEMORY, Recipe
from bertkit.recipe.schema_problems import MOST_PROBLEMS, schema_problems
from bertkit.recipe.source import SETS, Sets, YamlValues, anchor, apply, locate, normal, plain, read

DATA_PATHS: list[Key] = [("data", split) for split in ("train", "validation", "test")]
LABEL_NAMES: Key = ("data", "label_names")
MODEL_PATHS: list[Key] = [("model", "name"), ("model", "tokenizer"), ("model",)]

_BREAKS = re.compile("[\x85\u2028\u2029\ufeff]")


def load(name: str | Path | Mapping[str, Any], sets: Sets = ()) -> Recipe:
    """The checked Recipe of a file, of a name such as `glue/mrpc`, or of a dict.

    Args:
        name: path of a YAML file, a recipe that comes with bertkit, or the blocks themselves.
        sets: `KEY=VALUE` texts, applied in order, or a dict of keys and values.

    Raises:
        RecipeError: every mistake, a Problem each; or code of somebody else's Run that the user has not allowed.
    """
    if not isinstance(name, (str, Path, Mapping)):
        raise RecipeError.at("recipe", f"expected a file, a name or a dict, got {type(name).__name__}")
    if isinstance(name, Mapping):
        source = YamlValues(plain(name))
        apply(source, sets)
        recipe = build(source)
        if len(dump(recipe).encode("utf-8", "replace")) > yaml_text.MOST_BYTES:  # a Run could not read it again
            what = f"more than {yaml_text.MOST_BYTES:,} bytes of YAML"
            raise RecipeError.at("recipe", what, "name a file in its place, as for data.label_names")
        return recipe
    file = locate(name)
    if not is_of_run(file):
        return build(read(file, sets))
    trust.check(code_of(read(file)), "this Run", RecipeError)
    return load_of_run(file, sets)


def load_of_run(file: Path, sets: Sets = ()) -> Recipe:
    """The checked Recipe of a Run's recipe file, whose code is allowed; arguments and errors as `load`.

    Its options may have the names that they had when the Run was trained.
    """
    source = read(file, sets)
    put_folders_back(source)
    return build(source, of_run=True)


def build(source: YamlValues, *, of_run: bool = False) -> Recipe:
    """Check a parsed recipe (see `load`).

    Args:
        of_run: whether it is a Run's own, where an option may have the name that it had when the Run was trained.
    """
    anchor_paths(source)
    if not of_run:
        settle_length(source)
    task, task_problems = _task(source)
    if task is not None:
        task_problems += _options_problems(source, task, of_run=of_run)
    recipe: Recipe | None = None
    problems: list[Problem] = []
    try:
        recipe = Recipe.model_validate(source.values)
    except ValidationError as error:
        problems += schema_problems(error, Recipe, source)
    train = source.values.get("train")
    if isinstance(train, dict):
        for key, reason, remedy in islice(train_block.check(train), MOST_PROBLEMS):
            problems.append(source.problem(("train", key), reason, remedy))
    problems += task_problems
    problems += _reference_problems(source, task)
    if recipe is not None and not problems and not of_run:
        found = contradictions(recipe, task, task.Options.model_validate(recipe.options))
        problems += [_of_contradiction(source, *one) for one in found]
    if problems or recipe is None:
        raise RecipeError(*dict.fromkeys(problems))
    return recipe


def _of_contradiction(source: YamlValues, key: Key, reason: str, remedy: str, beside: Key | None) -> Problem:
    """A key without effect; where `--set` made it so, and the file has the key, it is a mistake of the `--set`."""
    if beside is None or source.place(beside) != SETS or source.place(key) == SETS:
        return source.problem(key, reason, remedy)
    name, place = ".".join(map(str, key)), source.place(key)
    return source.problem(beside, f"{name} ({place}) {reason}", f"take {key[-1]} out of the recipe, or leave this out")


def anchor_paths(source: YamlValues) -> None:
    """Make the relative paths and the References to files absolute, in place, but for those of `options`."""
    data = source.values.get("data")
    named = isinstance(data, dict) and isinstance(data.get("label_names"), str)  # a list has names, and no paths
    paths = [*DATA_PATHS, LABEL_NAMES] if named else DATA_PATHS
    anchor(source, paths, lambda text, _: not _has_no_folder(text))
    anchor(source, MODEL_PATHS, _is_folder)
    source.values = change_references(Recipe, source.values, partial(_anchored, source))


def _anchored(source: YamlValues, key: Key, kind: str, reference: str) -> str:
    file = plugins.file_of(reference)
    return plugins.with_file(reference, normal(source.folder_of(key), file)) if file else reference


def map_references(recipe: Recipe, visit: Visit) -> Recipe:
    """A checked recipe with every Reference, also those of its task's options, replaced by what `visit` returns."""
    changed = change_references(Recipe, recipe, visit)
    options = plugins.find("task", recipe.task).Options
    return changed.model_copy(update={"options": change_references(options, recipe.options, visit, ("options",))})


def _has_no_folder(text: str) -> bool:
    return text.startswith(("hub:", "package:", MEMORY)) or text in ("-", "") or is_remote(text)


def _is_folder(text: str, folder: Path) -> bool:
    return text.startswith(("./", "../", "~")) or bool(text and (folder / text).is_dir())


def resolve(recipe: Recipe) -> Recipe:
    """The recipe with every default of the task and the train block written out: what a Run keeps."""
    task, options = task_options(recipe)
    changes = {
        "options": options.model_dump(mode="json"),
        "train": train_block.resolve(recipe.train),
        "metrics": recipe.metrics or list(task(options).metrics),
    }
    return recipe.model_copy(update=changes)


def task_options(recipe: Recipe) -> tuple[Any, Any]:
    """The task's class and its Options, of a checked recipe.

    Raises:
        PluginError: no such task.
    """
    task = plugins.find("task", recipe.task, where="task")
    return task, task.Options.model_validate(recipe.options)


def differences(one: Recipe, other: Recipe) -> list[str]:
    """Keys in which two recipes differ.

    Files of code count as equal, as a Run names copies of its own; and so do rows in memory, whose encoded examples are
    compared before a training goes on.
    """

    def flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for name, item in value.items():
                yield from flat(item, f"{key}.{name}" if key else str(name))
        elif isinstance(value, list):
            for number, item in enumerate(value):
                yield from flat(item, f"{key}.{number}")
        else:
            yield key, plugins.file_of(value) is not None or (MEMORY if str(value).startswith(MEMORY) else value)

    a, b = (dict(flat(recipe.model_dump(mode="json", exclude_none=True))) for recipe in (one, other))
    return sorted(key for key in a.keys() | b.keys() if a.get(key) != b.get(key))


def dump(recipe: Recipe) -> str:
    """YAML of a recipe; `build(parse(...))` gives the same recipe again."""
    return dump_values(recipe.model_dump(mode="json", exclude_none=True))


def dump_values(values: dict[str, Any]) -> str:
    """YAML of the plain values of a recipe."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump(_quoted(values), stream)
    return stream.getvalue()


def _quoted(value: Any) -> Any:
    """Texts with a line end of Unicode in quotes, where it is written out: YAML reads it as a space otherwise."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, dict):
        return {_quoted(name): _quoted(own) for name, own in value.items()}
    if isinstance(value, list):
        return [_quoted(own) for own in value]
    return DoubleQuotedScalarString(value) if isinstance(value, str) and _BREAKS.search(value) else value


def _task(source: YamlValues) -> tuple[Any, list[Problem]]:
    """The class of the task that parsed values name, or None and why."""
    name = source.values.get("task")
    if not isinstance(name, str):
        return None, []  # the schema reports it
    try:
        task = plugins.find("task", name, where="task")
    except BertkitError as error:
        return None, _placed(error, source, ("task",))
    if lacks := _missing(task):
        reason = f"{name} is no task" + (f": it lacks {', '.join(lacks)}" if hasattr(task, "Options") else "")
        return None, [source.problem(("task",), reason, "a task is a subclass of bertkit.tasks.task.Task")]
    return task, []


def _missing(task: Any) -> list[str]:
    """What a class lacks of a task, and its head of a head."""
    head = getattr(task, "Head", None)
    parts = [name for name in ("Options", "Head") if not hasattr(task, name)]
    methods = sorted(getattr(task, "__abstractmethods__", ()))
    return parts + methods + [f"Head.{name}" for name in sorted(getattr(head, "__abstractmethods__", ()))]


def _options_problems(source: YamlValues, task: Any, *, of_run: bool) -> list[Problem]:
    """Check the options, after putting present names and absolute paths in place."""
    block = source.values.get("options")
    options = {} if block is None else block
    if not isinstance(options, dict):
        return []  # the schema reports it
    problems = []
    for old, new in getattr(task.Options, "renamed", {}).items():
        if old not in options:
            continue
        place = source.place(("options", old))
        if not of_run or place == SETS:
            problems.append(source.problem(("options", old), "has another name now", f"write options.{new}"))
        options = {new if name == old else name: value for name, value in options.items()}
        source.places[("options", new)] = place
    options = change_references(task.Options, options, partial(_anchored, source), ("options",))
    if block is not None:
        source.values["options"] = options
    try:
        task.Options.model_validate(options)
    except ValidationError as error:
        problems += schema_problems(error, task.Options, source, at=("options",))
    return problems


def _reference_problems(source: YamlValues, task: Any) -> list[Problem]:
    """References that name nothing. Plain names among the options are left to the task, which knows them."""
    problems = []
    callbacks = source.values.get("callbacks")
    for i, item in enumerate(callbacks if isinstance(callbacks, list) else ()):
        if isinstance(item, dict) and len(item) != 1:
            reason = f"{len(item)} callbacks in one item"
            problems.append(source.problem(("callbacks", i), reason, "write each behind a - of its own"))

    def check(key: Key, kind: str, reference: str) -> str:
        if len(problems) > MOST_PROBLEMS:
            return reference
        if kind == "task" or reference.startswith(plugins.EVALUATE):  # see `_task`; evaluate's own are loaded later
            return reference
        try:
            if key[0] != "options":
                plugins.find(kind, reference, where=".".join(map(str, key)))
            elif ":" in reference:
                plugins.load(reference, where=".".join(map(str, key)))
        except BertkitError as error:
            problems.extend(_placed(error, source, key))
        return reference

    change_references(Recipe, source.values, check)
    if task is not None:
        change_references(task.Options, source.values.get("options"), check, ("options",))
    return problems


def _placed(error: BertkitError, source: YamlValues, key: Key) -> list[Problem]:
    return [replace(problem, place=source.place(key)) for problem in error.problems]
