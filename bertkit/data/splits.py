"""The splits of a recipe: read and limited; validation rows are split off if none are named."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bertkit.data.columns.column import Column
from bertkit.data.dataset import load
from bertkit.data.read.readers import check_keys
from bertkit.data.read.rows import leave_out
from bertkit.data.split import limit, split, split_groups
from bertkit.errors import DataError, Problem, together
from bertkit.recipe.schema import DataBlock
from bertkit.warn import about

if TYPE_CHECKING:
    from datasets import Dataset

log = logging.getLogger("bertkit")


def load_splits(
    block: DataBlock,
    columns: Sequence[Column],
    seed: int,
    *,
    stratify_by: str | None = None,
    group_by: str | None = None,
    names: Sequence[str] = (),
) -> dict[str, Dataset]:
    """The rows of each split that the recipe names, and always of `validation`.

    The same block and seed give the same rows: a later evaluation of a Run uses the validation rows of its training.

    Args:
        stratify_by: a column of single labels, whose shares a split that is split off keeps.
        group_by: a column of texts; rows with the same value stay together where rows that are scored are drawn.
        names: only these splits. A validation split that is split off still needs the training files.

    Raises:
        DataError: files, columns or rows that can not be used, of all splits, or a key without effect on the files.
    """
    if block.train:
        check_keys([*block.train, *(block.validation or ()), *(block.test or ())], block)
    wanted = set(names or ("train", "validation", "test"))
    if block.validation is None and "validation" in wanted:
        wanted.add("train")
    splits: dict[str, Dataset] = {}

    def read(name: str) -> None:
        if (sources := getattr(block, name)) and name in wanted:
            with about(name):
                rows = load(sources, columns, block, train=name == "train")
                whole = group_by if name != "train" or block.validation is None else None
                splits[name] = limited(name, rows, getattr(block.limit, name), seed, whole)

    try:
        together(*(partial(read, name) for name in ("train", "validation", "test")))
    except DataError as error:
        raise DataError(*(_without_mapping(problem, list(splits)) for problem in error.problems)) from error
    if block.validation is None and "train" in splits:
        ratio = block.validation_ratio
        parts = (
            split_groups(splits["train"], ratio, seed, group_by)
            if group_by
            else split(splits["train"], ratio, seed, stratify_by)
        )
        splits["train"], validation = parts
        splits["validation"] = limited("validation", validation, block.limit.validation, seed, group_by)
        log.info(
            "no validation data named: %d of the training rows are used for validation, %d for training",
            len(splits["validation"]),
            len(splits["train"]),
        )
    return splits


def _without_mapping(problem: Problem, fine: Sequence[str]) -> Problem:
    """A problem without the mapping of columns that it proposes, where that would break the splits that are fine."""
    if not fine or problem.setting is None or not problem.setting.key.startswith("data.columns."):
        return problem
    todo = f"the columns of {' and '.join(fine)} are right as they are: name those here alike"
    return replace(problem, remedy=todo, setting=None)


def limited(name: str, rows: Dataset, count: int | None, seed: int, group_by: str | None = None) -> Dataset:
    """`count` rows drawn with the seed, which is logged and counted; all rows if there are no more."""
    if count is None or count >= len(rows):
        return rows
    drawn = limit(rows, count, seed, group_by)
    log.info("%s: %d of %d rows, drawn with seed %d", name, len(drawn), len(rows), seed)
    leave_out(not_drawn=len(rows) - len(drawn))
    return drawn
