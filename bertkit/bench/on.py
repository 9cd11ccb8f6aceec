"""The rows that a recipe scores on: `bertkit eval --on glue/mnli --data GLUE`.

Recipes of GLUE read the folder of the whole benchmark, in any of its layouts, or a single file, or without either the
hub. Any other recipe, including the user's own, reads `data` as its test rows, or without it the data that it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bertkit.bench.glue import of_file, suite
from bertkit.data.columns.labels import given_names
from bertkit.errors import DataError, Parameter
from bertkit.inference.evaluate import EvalSet
from bertkit.recipe.load import load
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import make_task

NAMES = {"glue/mnli": {"validation": "matched", "test": "mismatched"}}
"""Names of a recipe's splits, where they differ from validation and test."""


def benchmark(name: str, data: Sequence[str] = (), sets: Sequence[str] = (), split: str | None = None) -> EvalSet:
    """The rows of a benchmark.

    Args:
        name: a recipe of bertkit's, or a YAML file.
        data: files to score, or for GLUE the folder that holds CoLA, SST-2 and the others.
        sets: changes of the recipe, `KEY=VALUE` each.
        split: the split to score; default: for GLUE all with labels.

    Raises:
        RecipeError: no such recipe. DataError: the folder does not hold that task.
    """
    own = _with_metrics(load(name, sets))  # raises first where there is no such recipe
    if not name.startswith("glue/") or Path(name).is_file():
        return EvalSet(own, {split: ""}, tuple(data))
    place = Path(data[0]) if len(data) == 1 else None
    if data and (place is None or not place.is_dir()):
        order = tuple(given_names(_from_folder(name, None, sets).data) or ())
        return EvalSet(load(name, [*of_file(name, data[0], own.data), *sets]), {split: ""}, tuple(data), order)
    recipe = (_from_own_folder(name, place, sets) if place else None) or _from_folder(name, place, sets)
    order = tuple(given_names(recipe.data) or ())
    splits = [split] if split else ["validation", *(["test"] if recipe.data.test else [])]
    return EvalSet(recipe, {key: NAMES.get(name, {}).get(key, key) for key in splits}, order=order)


def _from_own_folder(name: str, folder: Path, sets: Sequence[str]) -> Recipe | None:
    """GLUE's recipe where a folder is that of its task alone, `GLUE/MNLI`; None for any other folder."""
    folder = folder.absolute()
    if folder.name.replace("-", "").lower() != name.rpartition("/")[2]:
        return None
    try:
        return _from_folder(name, folder.parent, sets)
    except DataError:
        return None


def _with_metrics(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"metrics": recipe.metrics or list(make_task(recipe).metrics)})


def _from_folder(name: str, folder: Path | None, sets: Sequence[str]) -> Recipe:
    glue = suite(folder, "tuned" if name.startswith("glue/tuned/") else "paper")
    for entry in glue.entries:
        if entry.recipe == name:
            return load(name, [*entry.sets, *sets])
    short = name.rpartition("/")[2]
    missing = next((reason for task, reason in glue.absent.items() if task.replace("-", "").lower() == short), "")
    reason = f"no data for {name}" + (f": {missing}" if missing else "")
    raise DataError.at(Parameter("data"), reason, "name the folder of GLUE, or the file to score")
