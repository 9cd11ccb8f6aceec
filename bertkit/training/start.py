"""What to train, and in which folder: a recipe or a begun Run, and the rows that a program passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bertkit import processes
from bertkit.data.held import GONE, Held, held, lost
from bertkit.data.memory import answered_rows
from bertkit.errors import DataError, Parameter, Problem, RecipeError, RunError, did_you_mean
from bertkit.recipe.load import differences, load, resolve, task_options
from bertkit.recipe.local import is_movable, with_places_of
from bertkit.recipe.schema import MEMORY, Recipe
from bertkit.recipe.source import Sets, as_texts
from bertkit.run import Run, default_folder
from bertkit.training.inputs import with_label_names
from bertkit.training.parts import join_processes
from bertkit.training.resume import check_places, sets_of_places

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Start:
    """What to train, and in which folder."""

    folder: Path
    recipe: Recipe
    """Resolved."""
    begun: Run | None
    """The Run that is resumed."""
    numbered: bool = False
    """Whether the folder's name gets a number if there is one of that name."""
    rows: Mapping[str, Held] = field(default_factory=dict)
    """Those in memory, by split."""

    @property
    def held(self) -> dict[str, Held]:
        """The same by the names that the recipe has for them."""
        return {getattr(self.recipe.data, split)[0]: rows for split, rows in self.rows.items()}


def start_of(
    recipe: Recipe | str | Path | Mapping[str, Any],
    data: Any,
    output: str | Path | None,
    sets: Sets,
    *,
    resume: bool,
) -> Start:
    """Load and check everything but the rows of files (arguments and errors as those of `train`)."""
    given = _by_split(data)
    in_memory = {split: rows for split, rows in given.items() if not _is_file(rows)}
    if resume and isinstance(recipe, (str, Path)) and Path(recipe).is_dir():
        files = given.keys() - in_memory.keys()
        if output:
            raise RecipeError.at(Parameter("output"), "a resumed Run keeps its own folder", "leave it out")
        if files:
            raise RecipeError.at(Parameter("data"), "a resumed Run keeps its own files", "leave them out")
        run = Run.begun(recipe)
        return _resumed(run, run.recipe_with(sets_of_places(sets)), in_memory)
    if sets and isinstance(recipe, Recipe):
        raise RecipeError.at(Parameter("sets"), "a Recipe is complete", "give a dict, a file or a name")
    folder = Path(output) if output else default_folder(recipe if isinstance(recipe, (str, Path)) else "recipe")
    if output and processes.count() == 1 and not (resume or processes.restarted()):
        Run(folder).check_free()  # before anything is loaded
    full = resolve(_loaded(recipe, sets, given))
    join_processes(full)
    again = resume or processes.restarted()
    if again and output is None:
        raise RecipeError.at(Parameter("resume"), "which Run?", "name its folder: bertkit train RUN --resume")
    if again and processes.broadcast(Run(folder).is_begun):
        run = Run.begun(folder)
        if changed := [key for key in differences(with_label_names(full), run.recipe) if not is_movable(key)]:
            what = f"{folder} was started with a different {', '.join(changed)}"
            raise RunError.at(Parameter("resume"), what, f"{run.resume_command} continues it with its own recipe")
        return _resumed(run, with_places_of(run.recipe, full), in_memory)
    rows = _held(full, in_memory)
    names = {split: [one.name] for split, one in rows.items()}
    full = full.model_copy(update={"data": full.data.model_copy(update=names)})
    return Start(folder, full, None, numbered=output is None, rows=rows)


def _resumed(run: Run, recipe: Recipe, given: Mapping[str, Any]) -> Start:
    """A begun Run, whose data and model lie where the recipe says, with rows for those that were in memory; `train`
    compares the hashes of their examples."""
    check_places(run, recipe)
    join_processes(recipe)
    if run.is_finished:
        return Start(run.path, recipe, run)
    if extra := [split for split in given if not (getattr(recipe.data, split) or [""])[0].startswith(MEMORY)]:
        what = f"{run.path} was not started with {' and '.join(extra)} rows in memory"
        raise RunError.at(Parameter("data"), what, "leave them out")
    start = Start(run.path, recipe, run, rows=_held(recipe, given))
    with held(start.held):
        if gone := lost(recipe.data):
            raise RunError.at(str(run.path), f"{' and '.join(gone)}: {GONE}", f"from Python, {run.resume_command}")
    return start


def _by_split(data: Any) -> dict[str, Any]:
    """Data by split: a mapping with one or more of the splits' names is that, anything else the training rows."""
    if data is None:
        return {}
    if not isinstance(data, Mapping) or not {*SPLITS} & {*data}:
        return {"train": data}
    if unknown := [str(name) for name in data if name not in SPLITS]:
        raise RecipeError(
            *(Problem(Parameter("data"), f"{name}: no such split", did_you_mean(name, SPLITS)) for name in unknown)
        )
    return {name: data[name] for name in SPLITS if data.get(name) is not None}


def _loaded(recipe: Recipe | str | Path | Mapping[str, Any], sets: Sets, given: Mapping[str, Any]) -> Recipe:
    """The recipe with these data in place of its own: the names of files, and placeholders for rows in memory."""
    if not given:
        return recipe if isinstance(recipe, Recipe) else load(recipe, sets)
    sources = {split: str(data) if _is_file(data) else f"{MEMORY}{split}" for split, data in given.items()}
    named = {split: sources.get(split) for split in SPLITS}
    if isinstance(recipe, Recipe):
        block = {split: [source] if source else None for split, source in named.items()}
        return recipe.model_copy(update={"data": recipe.data.model_copy(update=block)})
    full = load(recipe, [*as_texts({f"data.{split}": source for split, source in named.items()}), *as_texts(sets)])
    keys = {text.partition("=")[0].strip() for text in as_texts(sets)}
    if twice := [split for split in given if {"data", f"data.{split}"} & keys]:
        raise RecipeError.at(Parameter("sets"), f"data.{twice[0]} is also passed as data", "leave one of them out")
    return full


def _is_file(data: Any) -> bool:
    return isinstance(data, (str, Path))


def _held(recipe: Recipe, given: Mapping[str, Any]) -> dict[str, Held]:
    """The rows in memory by split, as the recipe's task takes them.

    Raises:
        DataError: data of a form that is not known, or without rows.
    """
    task, options = task_options(recipe)
    columns, rows = task(options).columns, {}
    for split, data in given.items():
        try:
            rows[split] = Held(split, answered_rows(data, columns, recipe.data), type(data).__name__)
        except DataError as error:
            raise DataError(*(replace(problem, key=f"{split}, {problem.key}") for problem in error.problems)) from None
    return rows
