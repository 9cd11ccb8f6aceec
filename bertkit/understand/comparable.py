"""Checks before Runs are compared: whether their answers can be, and whether the rows are a fair test of each.

Tasks are compared by their columns and by what they learnt (`state`), so that a user's own task needs nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bertkit import plugins
from bertkit.errors import Problem, RunError
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import Task


def names_of(paths: Iterable[Path]) -> list[str]:
    """A name for each Run: its folder's name; the whole path where two are the same; a number where these are too."""
    paths = list(paths)
    folders = [path.resolve().name for path in paths]
    names = [folder if folders.count(folder) == 1 else str(path) for path, folder in zip(paths, folders, strict=True)]
    return [name if name not in names[:i] else f"{name} ({names[:i].count(name) + 1})" for i, name in enumerate(names)]


def check_alike(names: Sequence[str], recipes: Sequence[Recipe], tasks: Sequence[Task]) -> None:
    """Raise a RunError where answers can not be compared: other tasks, answer columns, labels or tagging schemes."""
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


def check_data(
    names: Sequence[str], recipes: Sequence[Recipe], data: Sequence[str], split: str
) -> tuple[list[str], dict[str, str]]:
    """Notes about Runs whose own recipe names other rows, and for each Run that was trained on these a warning.

    Files are compared by name: a copy under another name is not noticed.

    Args:
        data: sources of the rows; where there are none, they are those of `split` in the first recipe.
    """
    notes: list[str] = []
    warnings: dict[str, str] = {}
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
        seen = [source for source in ours if _file(source) in trained]
        if seen and not held_out:
            warnings[name] = f"{name}: was trained on rows of {', '.join(seen)}, which it is scored on here"
    return notes, warnings


def _kind(reference: str) -> str:
    """A task's name; of code in a file, of which each Run has its own copy, the file's name without the folder."""
    file = plugins.file_of(reference)
    return plugins.with_file(reference, file.name) if file else reference


def _some(words: str, labels: Sequence[str]) -> str:
    more = f" and {len(labels) - 5} more" if len(labels) > 5 else ""
    return f"{words} {', '.join(labels[:5])}{more}" if labels else ""


def _sources(recipe: Recipe, split: str) -> list[str]:
    """Sources of a split; where no validation data is named, it is split off from the training data."""
    return getattr(recipe.data, split) or (recipe.data.train if split == "validation" else None) or []


def _held_out(recipe: Recipe) -> Any:
    """What determines which training rows a recipe holds out for validation; None where it names validation data."""
    block = recipe.data
    if block.validation:
        return None
    return block.train, block.validation_ratio, block.limit, block.label_ids, recipe.seed


def _file(source: str) -> str:
    path = Path(source)
    return str(path.resolve()) if path.exists() else source
