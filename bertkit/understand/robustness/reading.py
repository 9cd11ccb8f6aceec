"""The rows whose texts are changed, with their right answers or, from a file that has none, without."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from bertkit.data.columns.column import Column
from bertkit.data.dataset import check_sources, load
from bertkit.data.splits import limited
from bertkit.errors import BertkitError, DataError
from bertkit.inference.evaluate import read_rows
from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.tasks.task import Task

log = logging.getLogger("bertkit")


class RowsToChange(NamedTuple):
    """Rows that were read."""

    name: str
    rows: list[dict[str, Any]]
    right: bool
    """Whether they hold their right answers."""
    read: int
    """How many there were before `limit`."""


def read(
    task: Task, recipe: Recipe, data: Sequence[str], split: str | None, limit: int | None, seed: int
) -> RowsToChange:
    """The rows of `data`, or of a split of the recipe.

    Args:
        limit: most rows; they are drawn with the seed, the documents of a query together.

    Raises:
        BertkitError: no such split, or rows that can not be read.
    """
    right = bool(split) or not data or has_answers(task, recipe.data, data)  # with a split, read_rows refuses the data
    if right:
        name, rows = read_rows(task, recipe, data=data, split=split)
    else:
        name, rows = "", load(list(data), task.columns, recipe.data, answers=False)
    name = ", ".join(data) or name
    if not len(rows):
        raise DataError.at(name, "no rows", "name a file with rows")
    if right:
        task.check(rows, name)
    drawn: Any = limited(name, rows, limit, seed, task.group_by) if hasattr(rows, "column_names") else rows
    return RowsToChange(name, [dict(row) for row in drawn], right, len(rows))


def has_answers(task: Task, block: DataBlock, data: Sequence[str]) -> bool:
    """Whether files have a column of answers; files that have none can still be answered."""
    answers = [column for column in task.columns if column.answer]
    inputs = [column for column in task.columns if not column.answer]
    return any(_has(data, [*inputs, replace(column, required=True)], block) for column in answers)


def _has(data: Sequence[str], columns: Sequence[Column], block: DataBlock) -> bool:
    names = {column.name for column in columns}
    kept = {name: of for name, of in block.columns.items() if name in names or name == "id"}
    try:
        check_sources(data, columns, block.model_copy(update={"columns": kept}))
    except BertkitError:
        return False
    return True


def training_rows(task: Task, recipe: Recipe) -> list[dict[str, Any]] | None:
    """The rows that the recipe trains on; None where they can not be read any more."""
    try:
        rows = task.read(recipe, ["train"]).get("train")
    except BertkitError as error:
        log.info("the training rows can not be read (%s)", error.problems[0].reason)
        return None
    return None if rows is None else [dict(row) for row in rows]
