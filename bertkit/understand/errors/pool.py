"""The rows of all splits in one list: what is searched for errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bertkit.data.check import texts
from bertkit.data.check.answers import counted, shown
from bertkit.data.check.texts import Key
from bertkit.data.columns.column import Column
from bertkit.data.columns.labels import natural
from bertkit.data.held import GONE, lost
from bertkit.errors import DataError, Parameter, RunError
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import Rows, Task
from bertkit.tasks.verdicts import short
from bertkit.tasks.words import join

TRAIN = "train"
SPLITS = (TRAIN, "validation", "test")
LONGEST = 2_000
"""Most characters of a text in findings."""


@dataclass(frozen=True)
class Pool:
    """Rows with answers, in the order of their splits and files."""

    rows: list[dict[str, Any]]
    """With the task's columns, and `place`, `row` (its number in its file) and `id` where they are known."""
    splits: list[str]
    """Of each row. Rows that a recipe holds out of its training file for validation are `train` here."""
    columns: tuple[Column, ...]
    """Those of the task that the rows have."""
    trained: list[int]
    """The number here of each row that the recipe trains on, in its order."""

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def answer(self) -> Column:
        """The column of the answers."""
        return next(column for column in self.columns if column.answer)

    @cached_property
    def keys(self) -> list[Key]:
        """The texts of each row as they are compared."""
        return texts.keys(texts.texts_of(self.rows, self.columns))

    @cached_property
    def texts(self) -> list[str]:
        """Each row for people."""
        inputs = [column for column in self.columns if not column.answer]
        words = any(column.kind == "words" for column in inputs)
        kept = [c for c in inputs if c.kind in texts.KINDS and not (words and c.kind == "text")]
        return [" | ".join(filter(None, (_text(row[column.name]) for column in kept))) for row in self.rows]

    @cached_property
    def places(self) -> list[str]:
        return texts.places_of(self.rows)

    @cached_property
    def answers(self) -> list[str]:
        """Each row's answer, equal for equal answers."""
        return [shown(self.answer.kind, row[self.answer.name]) for row in self.rows]

    @cached_property
    def labels(self) -> list[list[str]]:
        """The labels that each row is counted under; none where answers are numbers, places or texts."""
        kind = self.answer.kind
        if kind not in ("label", "labels", "tags", "spans"):
            return [[] for _ in self.rows]
        found = [list(counted(kind, row[self.answer.name])) for row in self.rows]
        if kind != "tags":
            return found
        return [list(dict.fromkeys(tag.partition("-")[2] for tag in row if tag != "O")) for row in found]

    @cached_property
    def label_names(self) -> list[str]:
        """All labels; of tags the types of entities."""
        return sorted({name for row in self.labels for name in row}, key=natural)

    def identity(self, row: int) -> str:
        """A hash of a row's texts and answer."""
        values = [self.rows[row].get(column.name) for column in self.columns]
        return hashlib.sha256(
            json.dumps(values, ensure_ascii=False, default=str).encode("utf-8", "replace")
        ).hexdigest()


def read_pool(task: Task, recipe: Recipe, data: Sequence[str] = ()) -> Pool:
    """The rows of all splits of a recipe, or of other sources, which are all `train` then.

    Raises:
        BertkitError: rows that can not be read or have no answers, or a task whose rows have none.
    """
    block = recipe.data
    if not any(column.answer for column in task.columns):
        what = f"rows of {recipe.task} have no answers that could be wrong"
        raise RunError.at("errors", what, "name a Run with labels, tags, answers or numbers")
    if data:
        block = block.model_copy(update={"train": list(data), "validation": None, "test": None})
    elif gone := lost(block):
        raise DataError.at(f"data.{gone[0]}", GONE, Parameter("data"))
    read: dict[str, Any] = task.read(recipe.model_copy(update={"data": block}))
    order = list(range(len(read[TRAIN])))
    if block.validation is None and "validation" in read:  # held out of the training files
        read[TRAIN], order = _together(read[TRAIN], read.pop("validation"))
    rows = [row for name in SPLITS for row in read.get(name, ())]
    splits = [name for name in SPLITS for _ in read.get(name, ())]
    columns = tuple(column for column in task.columns if all(column.name in row for row in rows))
    if not any(column.answer for column in columns):
        wanted = " or ".join(column.name for column in task.columns if column.answer)
        raise DataError.at("data", f"the rows have no {wanted}", "errors are found in rows with answers")
    return Pool(rows, splits, columns, order)


def _together(train: Rows, validation: Rows) -> tuple[list[dict[str, Any]], list[int]]:
    """The rows of training files in their order, of which some were held out; and where each of the others is there."""
    rows = [*train, *validation]
    sources = {source: number for number, source in enumerate(dict.fromkeys(map(source_of, rows)))}
    order = sorted(range(len(rows)), key=lambda i: (sources[source_of(rows[i])], rows[i].get("row", 0)))
    place = {number: at for at, number in enumerate(order)}
    return [rows[i] for i in order], [place[number] for number in range(len(train))]


def source_of(row: dict[str, Any]) -> str:
    """The file in the place of a row: `a.csv:7` and `a.json[row 7]` are of `a.csv` and `a.json`."""
    place = str(row.get("place", ""))
    return place[: place.rindex("[")] if place.endswith("]") and "[" in place else place.rpartition(":")[0]


def _text(value: Any) -> str:
    return short(value if isinstance(value, str) else join(list(value)), LONGEST)
