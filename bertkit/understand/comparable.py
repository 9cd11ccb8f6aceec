"""Whether the answers of Runs can be compared, on which rows, and what is to be said of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bertkit import plugins
from bertkit.errors import Problem, RunError
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import Task


def names_of(paths: Iterable[Path]) -> list[str]:
    """What Runs are called: by their folders' names, by whole paths where these are the same, or with a number too."""
    paths = list(paths)
    often = Counter(path.resolve().name for path in paths)
    names = [path.resolve().name if often[path.resolve().name] == 1 else str(path) for path in paths]
    return [name if name not in names[:i] else f"{name} ({names[:i].count(name) + 1})" for i, name in enumerate(names)]


def check_alike(names: Sequence[str], recipes: Sequence[Recipe], tasks: Sequence[Task]) -> None:
    """Raise a RunError where answers can not be compared: another task, or other labels."""
    first, problems = tasks[0], []
    for name, recipe, task in zip(names[1:], recipes[1:], tasks[1:], strict=True):
        todo = f"compare Runs that answer the same question as {names[0]}"
        if _kind(recipe.task) != _kind(recipes[0].task):
            what = f"its task is {_kind(recipe.task)}, and that of {names[0]} is {_kind(recipes[0].task)}"
            problems.append(Problem(name, what, todo))
            continue
        kinds = [[(column.name, column.kind) for column in one.columns if column.answer] for one in (first, task)]
        if kinds[0] != kinds[1]:
            a, b = (", ".join(f"{column} ({kind})" for column, kind in each) for each in kinds)
            problems.append(Problem(name, f"its answers are {b}, and those of {names[0]} are {a}", todo))
        ours, theirs = (one.state.get("labels") or [] for one in (first, task))
        if set(ours) != set(theirs):
            more = [
                _some("alone has", sorted(set(theirs) - set(ours))),
                _some("lacks", sorted(set(ours) - set(theirs))),
            ]
            what = f"its labels are not those of {names[0]}: it {' and '.join(filter(None, more))}"
            problems.append(Problem(name, what, todo))
        elif first.state.get("scheme") != task.state.get("scheme"):
            what = f"its tags are {task.state['scheme']}, and those of {names[0]} are {first.state['scheme']}"
            problems.append(Problem(name, what, todo))
    if problems:
        raise RunError(*problems)


def about_data(
    names: Sequence[str], recipes: Sequence[Recipe], data: Sequence[str], split: str
) -> tuple[list[str], list[str]]:
    """What is to be said of the rows: whose recipe names others, and (a warning) who was trained on their source.

    As far as recipes tell: files are known by their names alone.
    """
    notes, warnings = [], []
    ours = list(data) or _sources(recipes[0], split)
    carved = not data and split == "validation" and not recipes[0].data.validation
    for name, recipe in zip(names, recipes, strict=True):
        if not data and (theirs := _sources(recipe, split)) != ours:
            other = ", ".join(theirs) or "none"
            notes.append(
                f"{name}: scored on {', '.join(ours)}, though its own recipe names other {split} data: {other}"
            )
        held_out = carved and _held_out(recipe) == _held_out(recipes[0])
        trained = {_file(source) for source in recipe.data.train or ()}
        both = [source for source in ours if _file(source) in trained]
        if both and not held_out:
            warnings.append(f"{name}: was trained on rows of {', '.join(both)}, which it is scored on here")
    return notes, warnings


def _kind(reference: str) -> str:
    """A task's name; of code in a file, which every Run has a copy of, the file's name and the class's."""
    file = plugins.file_of(reference)
    return plugins.with_file(reference, file.name) if file else reference


def _some(words: str, labels: Sequence[str]) -> str:
    more = f" and {len(labels) - 5} more" if len(labels) > 5 else ""
    return f"{words} {', '.join(labels[:5])}{more}" if labels else ""


def _sources(recipe: Recipe, split: str) -> list[str]:
    """Where a split comes from: validation rows that are named nowhere are some of the training's."""
    return getattr(recipe.data, split) or (recipe.data.train if split == "validation" else None) or []


def _held_out(recipe: Recipe) -> Any:
    """What tells which rows a recipe validates on and does not train on."""
    block = recipe.data
    if block.validation:
        return None
    return block.train, block.validation_ratio, block.limit, block.label_ids, recipe.seed


def _file(source: str) -> str:
    path = Path(source)
    return str(path.resolve()) if path.exists() else source
