"""The splits of a recipe: read, limited, and the validation split off where none is named."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bertkit.data.columns.column import Column
from bertkit.data.dataset import load
from bertkit.data.split import limit, split
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from datasets import Dataset

log = logging.getLogger("bertkit")


def load_splits(
    block: DataBlock, columns: Sequence[Column], seed: int, *, stratify_by: str | None = None, names: Sequence[str] = ()
) -> dict[str, Dataset]:
    """The rows of each split that the recipe names, and of `validation` always.

    The same block and seed give the same rows: evaluating a Run later sees the validation rows of its training.

    Args:
        names: only these splits; a validation split that is split off needs the training files all the same.
    """
    wanted = set(names or ("train", "validation", "test"))
    if block.validation is None and "validation" in wanted:
        wanted.add("train")
    found: dict[str, Dataset] = {}
    for name in ("train", "validation", "test"):
        sources = getattr(block, name)
        if sources and name in wanted:
            found[name] = _limited(name, load(sources, columns, block), getattr(block.limit, name), seed)
    if block.validation is None and "train" in found:
        found["train"], found["validation"] = split(found["train"], block.validation_ratio, seed, stratify_by)
        found["validation"] = _limited("validation", found["validation"], block.limit.validation, seed)
        log.info(
            "no validation data named: %d of the training rows validate, %d train",
            len(found["validation"]),
            len(found["train"]),
        )
    return found


def _limited(name: str, rows: Dataset, most: int | None, seed: int) -> Dataset:
    if most is None or most >= len(rows):
        return rows
    log.info("%s: %d of %d rows, drawn with seed %d", name, most, len(rows), seed)
    return limit(rows, most, seed)
