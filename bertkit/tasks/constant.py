"""Training rows whose answers are all the same teach nothing."""

from __future__ import annotations

from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from bertkit.warn import warn


def refuse(what: str, remedy: str, data: DataBlock) -> None:
    """Say that the training rows teach nothing: an error, or where `data.limit.train` keeps only a few rows, as to try
    things out, a warning.

    Raises:
        DataError: no limit is set.
    """
    if data.limit.train is None:
        raise DataError.at("train", f"{what}: there is nothing to learn", remedy)
    warn(f"{what}: there is nothing to learn; raise data.limit.train", "train")
