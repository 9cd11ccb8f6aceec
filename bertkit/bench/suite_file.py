"""A suite by its name, or from a user's YAML file; every mistake in the file is told at once, with its line.

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

from bertkit import plugins
from bertkit.bench.suite import SPLITS, Entry, Suite, check
from bertkit.errors import Problem, RecipeError, did_you_mean
from bertkit.recipe.load import DATA_PATHS, LABEL_NAMES, MODEL_PATHS, REFERENCES, schema_problems
from bertkit.recipe.schema import Block, Name
from bertkit.recipe.source import Source, anchor, locate, parse

BUILT_IN = {"glue": "bertkit.bench.glue", "squad": "bertkit.bench.squad", "ner": "bertkit.bench.ner"}
"""Name of a suite that comes along -> the module whose `suite(data, recipes)` gives it."""

OWN = {
    "seed": ("name seeds above", "--seeds"),
    **dict.fromkeys(("model", "model.name"), ("name model above", "--model")),
}
"""Keys of a recipe that no `set:` changes: where they are named in the file, and on the command line."""

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
        RecipeError: no such suite, a file with mistakes, or `data` and `recipes` beside a file, which names its own.
    """
    if name in BUILT_IN:
        suite: Suite = importlib.import_module(BUILT_IN[name]).suite(data, recipes or "paper")
        check(suite)
        return suite
    path = Path(name)
    if not path.is_file():
        todo = f"{did_you_mean(name, BUILT_IN)}; or name a YAML file of your own"
        raise RecipeError.at("SUITE", f"no such suite and no such file: {name}", todo)
    for option, given in (("--data", data), ("--recipes", recipes)):
        if given is not None:
            raise RecipeError.at(option, f"{name} names its own", f"goes with {', '.join(BUILT_IN)}; change the file")
    return read(path)


def read(path: Path) -> Suite:
    """The suite of a YAML file.

    Raises:
        RecipeError: everything that is wrong with it, a Problem each.
    """
    try:
        source = parse(path.read_bytes(), str(path))
    except RecipeError as error:
        raise RecipeError(*map(_of_a_suite, error.problems)) from error
    source.folder = path.parent
    problems: list[Problem] = []
    blocks: dict[str, TaskBlock] = {}
    whole = None
    try:
        whole = SuiteBlock.model_validate(source.values)
    except ValidationError as error:
        problems += schema_problems(error, SuiteBlock, source)
    tasks = source.values.get("tasks")
    for name, block in tasks.items() if isinstance(tasks, dict) else ():
        try:
            blocks[name] = TaskBlock.model_validate(block)
        except ValidationError as error:
            problems += schema_problems(error, TaskBlock, source, at=("tasks", name))
    for name, task in blocks.items():
        problems += _problems(name, task, list(tasks or ()), source)
    if whole is not None and len(set(whole.seeds)) < len(whole.seeds):
        problems.append(Problem(source.place(("seeds",)), "seeds: one stands twice", "each is trained once"))
    if problems or whole is None:
        raise RecipeError(*map(_of_a_suite, problems))
    entries = tuple(_entry(name, task, source) for name, task in blocks.items())
    model = {"model": whole.model} if whole.model else {}
    _anchor(model, source.folder)
    suite = Suite(whole.suite, entries, model=model.get("model", ""), seeds=tuple(whole.seeds))
    check(suite)
    return suite


def _of_a_suite(problem: Problem) -> Problem:
    """What the recipes' checks say of a missing key or block, in a suite's words."""
    todo = "bertkit bench --help shows a full one" if "recipe show" in problem.remedy else problem.remedy
    return replace(problem, reason=problem.reason.replace("a recipe is a mapping", "a suite is a mapping"), remedy=todo)


def _problems(name: str, task: TaskBlock, names: list[str], source: Source) -> Iterator[Problem]:
    """What the schema does not see."""

    def at(*key: str | int) -> str:
        return source.place(("tasks", name, *key))

    where = f"tasks.{name}"
    if task.starts_from and task.starts_from not in names:
        what = f"{where}.starts_from: no such task: {task.starts_from}"
        yield Problem(at("starts_from"), what, did_you_mean(task.starts_from, names))
    for number, figure in enumerate(task.figures):
        split, slash, key = figure.partition("/")
        if split not in SPLITS or not key:
            todo = did_you_mean(split, SPLITS) if slash else "for example test/accuracy"
            yield Problem(at("figures", number), f"{where}.figures: {figure} names no split and figure", todo)
    for key in task.set:
        if key in OWN:
            yield Problem(at("set", key), f"{where}.set.{key}: is the suite's to choose", OWN[key][0])
        if inside := next((other for other in task.set if key.startswith(f"{other}.")), None):
            what = f"{where}.set.{key}: stands in {inside}, which is set too"
            yield Problem(at("set", key), what, "set one of them")
    for model, figures in task.published.items():
        for figure in figures:
            if task.figures and figure not in task.figures:
                what = f"{where}.published: {figure} is none of the figures"
                yield Problem(at("published", model, figure), what, did_you_mean(figure, task.figures))
    try:
        locate(_recipe(task.recipe, source.folder))
    except RecipeError as error:
        for problem in error.problems:
            yield replace(problem, key=at("recipe"), reason=f"{where}.recipe: {problem.key}: {problem.reason}")


def _recipe(name: str, folder: Path) -> str:
    """A recipe that comes along, by its name, or the path of a file, from the suite's folder on."""
    beside = folder / Path(name).expanduser()
    return str(beside) if beside.is_file() or Path(name).suffix else name


def _entry(name: str, task: TaskBlock, source: Source) -> Entry:
    values: dict[str, Any] = {}
    for key, value in task.set.items():  # as blocks, whose paths are known by their keys
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
    """Make the relative paths among a recipe's values absolute, in place, as `bertkit.recipe.load.build` does."""
    source = Source(values, folder=folder)
    data = values.get("data")
    named = isinstance(data, dict) and isinstance(data.get("label_names"), str)
    paths = [*DATA_PATHS, LABEL_NAMES] if named else DATA_PATHS
    anchor(source, paths, lambda text, _: not text.startswith(("hub:", "package:")) and text not in ("-", ""))
    anchor(source, MODEL_PATHS, lambda text, at: text.startswith(("./", "../", "~")) or (at / text).is_dir())
    anchor(source, REFERENCES, lambda text, _: plugins.file_of(text) is not None)
