"""`data.columns`: which columns of a file those of a task are read from."""

from __future__ import annotations

from collections.abc import Sequence

from bertkit.data.columns.column import Column
from bertkit.data.columns.values import SEVERAL
from bertkit.errors import DataError, Problem, Setting, did_you_mean
from bertkit.recipe.schema import DataBlock


def check_mapping(columns: Sequence[Column], block: DataBlock) -> None:
    """Raise a DataError where `data.columns` does not fit the task's columns."""
    known = [*(column.name for column in columns), "id"]
    problems = [
        Problem(f"data.columns.{name}", "the task has no such column", did_you_mean(name, known))
        for name in block.columns
        if name not in known
    ]
    seen: dict[str, str] = {}
    lists = {column.name for column in columns if column.kind in ("choices", "labels")}
    for name, named in block.columns.items():
        if name in known and name not in lists and not isinstance(named, str):
            key = f"data.columns.{name}"
            todo = SEVERAL if any(column.kind == "label" and column.name == name for column in columns) else "name one"
            problems.append(Problem(key, "is one column, not a list of them", todo, setting=Setting(key, named[0])))
        for source in names_of(named):
            if name in known and source in seen and "id" not in (name, seen[source]):
                what = f"{source} is already the column of {seen[source]}"
                problems.append(Problem(f"data.columns.{name}", what, "each column of the task has its own"))
            seen.setdefault(source, name)
    for name in block.allow_empty:
        if name not in {column.name for column in columns if column.kind == "text"}:
            todo = did_you_mean(name, [column.name for column in columns if column.kind == "text"])
            problems.append(Problem("data.allow_empty", f"the task has no column {name} of texts", todo))
    if problems:
        raise DataError(*problems)


def names_of(source: str | list[str]) -> list[str]:
    """The columns of a file that a column of the task is read from."""
    return [source] if isinstance(source, str) else source
