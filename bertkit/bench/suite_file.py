"""A suite by its name, or from a user's YAML file; all mistakes in the file are reported at once, with their lines.

    suite: mine
    model: bert-base-uncased
    seeds: [1, 2, 3]
    tasks:
      intents:
        recipe: intent/banking77
        set: {data.train: train.csv, data.test: test.csv}
        figures: [test/accuracy, test/macro_f1]
        published: {BERT-base: {test/accuracy: 0.93}}
        starts_from: another

A relative path in it starts at the file, as in a recipe.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from bertkit.bench.suite import SPLITS, Entry, Suite, check
from bertkit.errors import Parameter, Problem, RecipeError, did_you_mean
from bertkit.recipe.load import anchor_paths
from bertkit.recipe.references import Key, change_files
from bertkit.recipe.schema import Block, Name
from bertkit.recipe.schema_problems import MOST_PROBLEMS, schema_problems
from bertkit.recipe.source import YamlValues, locate, normal, parse
from bertkit.recipe.yaml_text import read_text

BUILT_IN = {"glue": "bertkit.bench.glue", "squad": "bertkit.bench.squad", "ner": "bertkit.bench.ner"}
"""Name of a built-in suite -> the module whose `suite(data, recipes)` returns it."""

OWN = {"seed": Parameter("seeds"), "model": Parameter("model"), "model.name": Parameter("model")}
"""Keys of a recipe that the suite chooses -> the key of the suite, and parameter, that names them."""

Recipes = Literal["paper", "tuned"]


class SuiteBlock(Block):
    """The file."""

    suite: Name
    model: Name | None = None
    seeds: list[Annotated[int, Field(ge=0, lt=2**32)]] = Field(default_factory=list)
    tasks: dict[str, Any] = Field(min_length=1)


class TaskBlock(Block):
    """One of its `tasks`."""

    recipe: Name
    set: dict[str, Any] = Field(default_factory=dict)
    figures: list[Name] = Field(default_factory=list)
    published: dict[str, dict[str, float]] = Field(default_factory=dict)
    starts_from: str = ""


def find_suite(name: str, *, data: Path | None = None, recipes: Recipes | None = None) -> Suite:
    """The suite of a name or of a YAML file.

    Args:
        data: the folder of a built-in suite's data; without it, where its recipes say.
        recipes: numbers of a built-in suite's trainings: as its paper has them (the default), or tuned.

    Raises:
        RecipeError: no such suite, a file with mistakes, or `data` or `recipes` with a file, which names its own.
    """
    if name in BUILT_IN:
        suite: Suite = importlib.import_module(BUILT_IN[name]).suite(data, recipes or "paper")
        check(suite)
        return suite
    path = Path(name)
    if not path.is_file():
        todo = f"{did_you_mean(name, BUILT_IN)}; or name a YAML file of your own"
        raise RecipeError.at(Parameter("suite"), f"no such suite and no such file: {name}", todo)
    for parameter, value in (("data", data), ("recipes", recipes)):
        if value is not None:
            remedy = f"change the file: this is for {', '.join(BUILT_IN)}"
            raise RecipeError.at(Parameter(parameter), f"{name} names its own", remedy)
    return read(path)


def read(path: Path) -> Suite:
    """The suite of a YAML file.

    Raises:
        RecipeError: every mistake, a Problem each.
    """
    source = parse(read_text(path), str(path), "suite")
    source.folder = path.parent
    problems: list[Problem] = []
    blocks: dict[str, TaskBlock] = {}
    whole = None
    try:
        whole = SuiteBlock.model_validate(source.values)
    except ValidationError as error:
        problems += schema_problems(error, SuiteBlock, source, kind="suite")
    listed = source.values.get("tasks")
    for name, block in listed.items() if isinstance(listed, dict) else ():
        try:
            blocks[name] = TaskBlock.model_validate(block)
        except ValidationError as error:
            problems += schema_problems(error, TaskBlock, source, at=("tasks", name), kind="suite")
    for name, task in blocks.items():
        if len(problems) < MOST_PROBLEMS:
            problems += _problems(name, task, list(listed or ()), source)
    if whole is not None and len(set(whole.seeds)) < len(whole.seeds):
        problems.append(source.problem(("seeds",), "a seed stands twice", "each is trained once"))
    if problems or whole is None:
        raise RecipeError(*problems)
    entries = tuple(_entry(name, task, source) for name, task in blocks.items())
    model = {"model": whole.model} if whole.model else {}
    _anchor(model, source.folder)
    suite = Suite(whole.suite, entries, model=model.get("model", ""), seeds=tuple(whole.seeds))
    check(suite)
    return suite


def _problems(name: str, task: TaskBlock, names: list[str], source: YamlValues) -> Iterator[Problem]:
    """What the schema does not see."""

    def problem(key: Key, reason: str, remedy: str = "") -> Problem:
        return source.problem(("tasks", name, *key), reason, remedy)

    if task.starts_from and task.starts_from not in names:
        yield problem(("starts_from",), f"no such task: {task.starts_from}", did_you_mean(task.starts_from, names))
    for number, figure in enumerate(task.figures):
        split, slash, key = figure.partition("/")
        if split not in SPLITS or not key:
            remedy = did_you_mean(split, SPLITS) if slash else "for example test/accuracy"
            yield problem(("figures", number), f"{figure} names no split and figure", remedy)
    for key in task.set:
        if key in OWN:
            yield problem(("set", key), "the suite chooses it", f"name {OWN[key]} above")
        if block := next((other for other in task.set if key.startswith(f"{other}.")), None):
            yield problem(("set", key), f"is part of {block}, which is set too", "set one of them")
    for model, figures in task.published.items():
        for figure in figures:
            if task.figures and figure not in task.figures:
                remedy = did_you_mean(figure, task.figures)
                yield problem(("published", model, figure), f"{figure} is none of the figures", remedy)
    try:
        locate(_recipe(task.recipe, source.folder))
    except RecipeError as error:
        for found in error.problems:
            place = source.place(("tasks", name, "recipe"))
            yield replace(found, key=f"tasks.{name}.recipe", reason=f"{found.key}: {found.reason}", place=place)


def _recipe(name: str, folder: Path) -> str:
    """The name of a recipe that comes with bertkit, or the path of a file, which starts at the suite's folder."""
    beside = folder / Path(name).expanduser()
    return str(beside) if beside.is_file() or Path(name).suffix else name


def _entry(name: str, task: TaskBlock, source: YamlValues) -> Entry:
    values: dict[str, Any] = {}
    for key, value in task.set.items():  # as blocks, in which the paths are known by their keys
        node = values
        *blocks, last = key.split(".")
        for block in blocks:
            node = node.setdefault(block, {})
        node[last] = value
    _anchor(values, source.folder)

    def value_of(key: str) -> Any:
        node: Any = values
        for part in key.split("."):
            node = node[part]
        return node

    return Entry(
        name,
        _recipe(task.recipe, source.folder),
        tuple(f"{key}={json.dumps(value_of(key), ensure_ascii=False)}" for key in task.set),
        tuple(task.figures),
        task.published,
        task.starts_from,
        places={key: source.place(("tasks", name, "set", key)) for key in task.set},
    )


def _anchor(values: dict[str, Any], folder: Path) -> None:
    """Make the relative paths among a recipe's values absolute, in place, as `bertkit.recipe.load.build` does.

    The types of `options` are not known here: each text that reads as a Reference to a file is taken for one.
    """
    source = YamlValues(values, folder=folder)
    anchor_paths(source)
    values |= source.values
    if "options" in values:
        values["options"] = change_files(values["options"], lambda file: normal(folder, file))
