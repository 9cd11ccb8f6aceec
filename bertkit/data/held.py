"""Rows in memory, which a recipe names as it names files: `memory:1200-rows-5f3a9c1e07b2`.

A recipe is data alone, and a task may read its sources as it likes. So rows that a program passes stay beside the
recipe: `held` keeps them while it lasts, and wherever sources are read, `rows_named` finds them by their name. The name
has a hash of the rows. A Run keeps the name and not the rows, which may be large or private: what reads its rows again
needs a file with them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from bertkit.errors import DataError
from bertkit.recipe.schema import MEMORY, DataBlock

DIGITS = 12
"""Of the hash, in a name."""
GONE = "these rows were in the memory of the program that trained on them, and no file has them"


@dataclass(frozen=True)
class Held:
    """Rows of a split, and what the program passed them as."""

    split: str
    rows: Sequence[dict[str, Any]]
    form: str
    """`DataFrame`, `list`, ..."""

    @property
    def name(self) -> str:
        """As a recipe names them. Equal rows have equal names, whatever form they had."""
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update(json.dumps(row, sort_keys=True, default=str).encode() + b"\n")
        return f"{MEMORY}{len(self.rows)}-rows-{digest.hexdigest()[:DIGITS]}"

    def __str__(self) -> str:
        return f"{MEMORY} {len(self.rows):,} rows ({self.form})"


_HELD: ContextVar[Mapping[str, Held]] = ContextVar("held", default={})  # noqa: B039 - never changed in place


@contextmanager
def held(rows: Mapping[str, Held]) -> Iterator[None]:
    """Keep rows by their names while this lasts."""
    token = _HELD.set({**_HELD.get(), **rows})
    try:
        yield
    finally:
        _HELD.reset(token)


def rows_named(name: str) -> Held:
    """The rows of this name.

    Raises:
        DataError: nobody holds them now.
    """
    if name not in _HELD.get():
        todo = "pass them again from Python (data=...), or name a file that has them (data.train, ...)"
        raise DataError.at(name, GONE, todo)
    return _HELD.get()[name]


def lost(block: DataBlock) -> list[str]:
    """Splits of a recipe whose rows were in memory, and are held no more."""
    names = {split: getattr(block, split) or () for split in ("train", "validation", "test")}
    return [
        split
        for split, sources in names.items()
        if any(source.startswith(MEMORY) and source not in _HELD.get() for source in sources)
    ]
