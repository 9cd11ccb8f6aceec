"""Scoring a model on a benchmark (`bertkit eval --on NAME`): the recipe defines reading and scoring, `data` the rows.

GLUE's recipes read a folder of the whole benchmark in any of its layouts, or else the hub. Any other recipe, also a
user's file, reads `data` as its test rows, or else the test rows that it names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bertkit.data.columns.labels import read_label_names
from bertkit.errors import DataError, Parameter
from bertkit.recipe.load import load
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import make_task

NAMES = {"glue/mnli": {"validation": "matched", "test": "mismatched"}}
"""Names of the splits of a recipe that have names of their own."""


@dataclass(frozen=True)
class Benchmark:
    recipe: Recipe
    splits: Mapping[str | None, str]
    """Split to score -> its name; None: `data`, or else the split that the recipe has."""
    data: tuple[str, ...] = ()
    """Sources to read instead of the recipe's."""
    order: tuple[str, ...] = ()
    """The labels in the data set's own order, if known."""


def benchmark(name: str, data: Sequence[str] = (), sets: Sequence[str] = (), split: str | None = None) -> Benchmark:
    """The recipe of a benchmark, with its data.

    Args:
        name: a recipe that comes with bertkit, or a YAML file.
        data: files to score, or for GLUE the folder that holds CoLA, SST-2 and the others.
        sets: `KEY=VALUE` texts.
        split: the one to score; default: all of GLUE's that have labels.

    Raises:
        RecipeError: no such recipe. DataError: the folder does not hold that task.
    """
    own = _with_metrics(load(name, sets))  # an unknown name is the first error
    if not name.startswith("glue/") or Path(name).is_file():
        return Benchmark(own, {split: ""}, tuple(data))
    place = Path(data[0]) if len(data) == 1 else None
    if data and (place is None or not place.is_dir()):
        known = _around(name, place, sets) if place else None  # a file in a folder of the benchmark
        order = tuple(read_label_names(_of_glue(name, None, sets).data.label_names) or ())
        return Benchmark(known or own, {split: ""}, tuple(data), order)
    recipe = (_around(name, place / place.name, sets) if place else None) or _of_glue(name, place, sets)
    order = tuple(read_label_names(recipe.data.label_names) or ())
    splits = [split] if split else ["validation", *(["test"] if recipe.data.test else [])]
    return Benchmark(recipe, {key: NAMES.get(name, {}).get(key, key) for key in splits}, order=order)


def _around(name: str, file: Path, sets: Sequence[str]) -> Recipe | None:
    """The recipe of GLUE's layout for a file `FOLDER/TASK/NAME`; None if the folder is not that task's."""
    short = name.rpartition("/")[2]
    if file.absolute().parent.name.replace("-", "").lower() != short:
        return None
    try:
        return _of_glue(name, file.absolute().parent.parent, sets)
    except DataError:
        return None


def _with_metrics(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"metrics": recipe.metrics or list(make_task(recipe).metrics)})


def _of_glue(name: str, folder: Path | None, sets: Sequence[str]) -> Recipe:
    from bertkit.bench.glue import suite

    glue = suite(folder, "tuned" if name.startswith("glue/tuned/") else "paper")
    for entry in glue.entries:
        if entry.recipe == name:
            return load(name, [*entry.sets, *sets])
    short = name.rpartition("/")[2]
    missing = next((reason for task, reason in glue.absent.items() if task.replace("-", "").lower() == short), "")
    reason = f"no data for {name}" + (f": {missing}" if missing else "")
    raise DataError.at(Parameter("data"), reason, "or name the file to score itself")
