"""Recipe file + `--set` -> Recipe, with every mistake found at once.

`load` checks the shape (schema.py), the train block (train_block.py), the task's options and every Reference, and
raises them all together, each with its line.
"""

from __future__ import annotations

import io
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bertkit import plugins
from bertkit.errors import BertkitError, Problem, RecipeError, did_you_mean
from bertkit.recipe import train_block
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import Key, Source, anchor, locate, read

DATA_PATHS: list[Key] = [("data", split) for split in ("train", "validation", "test")]
LABEL_NAMES: Key = ("data", "label_names")
MODEL_PATHS: list[Key] = [("model", "name"), ("model", "tokenizer"), ("model",)]
REFERENCES: list[Key] = [("task",), ("metrics",), ("callbacks",), ("data", "format"), ("options", "loss")]


def load(name: str | Path, sets: Sequence[str] = ()) -> Recipe:
    """The checked Recipe of a file or of a name such as `glue/mrpc`.

    Args:
        name: path of a YAML file, or a recipe that comes with bertkit.
        sets: `KEY=VALUE` texts as of `--set`, applied in order.

    Raises:
        RecipeError: everything that is wrong with it, a Problem each.
    """
    return build(read(locate(name), sets))


def build(source: Source) -> Recipe:
    """Check a parsed recipe (see `load`)."""
    data = source.values.get("data")
    named = isinstance(data, dict) and isinstance(data.get("label_names"), str)  # a list has names, and no paths
    paths = [*DATA_PATHS, LABEL_NAMES] if named else DATA_PATHS
    anchor(source, paths, lambda text, _: not text.startswith(("hub:", "package:")) and text not in ("-", ""))
    anchor(source, MODEL_PATHS, _is_folder)
    anchor(source, REFERENCES, lambda text, _: plugins.file_of(text) is not None)
    recipe: Recipe | None = None
    problems: list[Problem] = []
    try:
        recipe = Recipe.model_validate(source.values)
    except ValidationError as error:
        problems += schema_problems(error, Recipe, source)
    train = source.values.get("train")
    if isinstance(train, dict):
        for key, what, todo in train_block.check(train):
            problems.append(Problem(source.place(("train", key)), f"train.{key}: {what}", todo))
    problems += _task_problems(source)
    problems += _reference_problems(source)
    if problems or recipe is None:
        raise RecipeError(*dict.fromkeys(problems))
    return recipe


def code_files(source: Source) -> set[Path]:
    """The files that a parsed recipe names as code; nothing is imported."""
    anchor(source, REFERENCES, lambda text, _: plugins.file_of(text) is not None)
    found: set[Path] = set()

    def gather(value: Any) -> None:
        if isinstance(value, (list, dict)):
            for item in value:
                gather(item)
        elif file := plugins.file_of(value):
            found.add(file)

    for key in REFERENCES:
        node: Any = source.values
        for part in key:
            node = node.get(part) if isinstance(node, dict) else None
        gather(node)
    return found


def _is_folder(text: str, folder: Path) -> bool:
    return text.startswith(("./", "../", "~")) or bool(text and (folder / text).is_dir())


def resolve(recipe: Recipe) -> Recipe:
    """The recipe with every default of the task and the train block written out: what a Run keeps."""
    task = plugins.find("task", recipe.task)
    options = task.Options.model_validate(recipe.options)
    changes = {
        "options": options.model_dump(mode="json"),
        "train": train_block.resolve(recipe.train),
        "metrics": recipe.metrics or list(task(options).metrics),
    }
    return recipe.model_copy(update=changes)


def differences(one: Recipe, other: Recipe) -> list[str]:
    """Keys in which two recipes differ. Files of code count as equal: a Run names copies of its own."""

    def flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            for name, item in value.items():
                yield from flat(item, f"{key}.{name}" if key else str(name))
        elif isinstance(value, list):
            for number, item in enumerate(value):
                yield from flat(item, f"{key}.{number}")
        else:
            yield key, plugins.file_of(value) is not None or value

    a, b = (dict(flat(recipe.model_dump(mode="json", exclude_none=True))) for recipe in (one, other))
    return sorted(key for key in a.keys() | b.keys() if a.get(key) != b.get(key))


def dump(recipe: Recipe) -> str:
    """YAML of a recipe; `build(parse(...))` gives the same recipe again."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 4096
    stream = io.StringIO()
    yaml.dump(recipe.model_dump(mode="json", exclude_none=True), stream)
    return stream.getvalue()


def schema_problems(error: ValidationError, model: type[BaseModel], source: Source, at: Key = ()) -> list[Problem]:
    """pydantic's complaints in a user's words; `at` is where `model` stands in the recipe."""
    problems = []
    for item in error.errors():
        key = _existing(source.values, at, item["loc"])
        name = ".".join(map(str, key))
        what, todo = _explain(dict(item), model, at)
        if item["type"] == "missing":
            key, name = (*key, item["loc"][-1]), ".".join(map(str, (*at, *item["loc"])))
        if item["type"] == "value_error":  # of keys that do not go together: told where the last that it names stands
            key = next((k for k in reversed(source.places) if k[:-1] == key and str(k[-1]) in what), key)
        problems.append(Problem(source.place(key), f"{name}: {what}" if name else what, todo))
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


def _explain(item: dict[str, Any], model: type[BaseModel], at: Key) -> tuple[str, str]:
    kind, value, limits = item["type"], item["input"], item.get("ctx", {})
    if kind in ("extra_forbidden", "invalid_key"):
        return "no such key", did_you_mean(item["loc"][-1], _fields(model, item["loc"][:-1]))
    if kind in ("string_too_short", "too_short"):
        return "is empty", "give it a value, or leave it out"
    if kind == "missing":
        return "missing", "bertkit recipe show classify prints a full one"
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


def _task_problems(source: Source) -> Iterator[Problem]:
    name, options = source.values.get("task"), source.values.get("options") or {}
    if not isinstance(name, str) or not isinstance(options, dict):
        return
    try:
        task = plugins.find("task", name, where=source.place(("task",)))
        if not hasattr(task, "Options") or (lacks := sorted(getattr(task, "__abstractmethods__", ()))):
            what = f"task: {name} is no task" + (f": it lacks {', '.join(lacks)}" if hasattr(task, "Options") else "")
            raise RecipeError.at(source.place(("task",)), what, "a task is a subclass of bertkit.tasks.task.Task")
        task.Options.model_validate(options)
    except ValidationError as error:
        yield from schema_problems(error, task.Options, source, at=("options",))
    except BertkitError as error:
        yield from error.problems


def _reference_problems(source: Source) -> Iterator[Problem]:
    def each(key: str) -> list[Any]:
        value = source.values.get(key) or []
        return value if isinstance(value, list) else [value]

    named: list[tuple[str, Key, Any]] = [("metric", ("metrics", i), name) for i, name in enumerate(each("metrics"))]
    for i, item in enumerate(each("callbacks")):
        named += [("callback", ("callbacks", i), name) for name in (item if isinstance(item, dict) else [item])]
        if isinstance(item, dict) and len(item) != 1:
            what = f"callbacks.{i}: {len(item)} callbacks in one item"
            yield Problem(source.place(("callbacks", i)), what, "write each behind a - of its own")
    options = source.values.get("options")
    loss = options.get("loss") if isinstance(options, dict) else None
    named.append(("loss", ("options", "loss"), loss if ":" in str(loss) else None))  # of names each task has its own
    data = source.values.get("data")
    named.append(("reader", ("data", "format"), data.get("format") if isinstance(data, dict) else None))
    for kind, key, reference in named:
        if not isinstance(reference, str) or reference.startswith(plugins.EVALUATE):
            continue
        try:
            plugins.find(kind, reference, where=f"{source.place(key)}  {'.'.join(map(str, key))}".strip())
        except BertkitError as error:
            yield from error.problems
