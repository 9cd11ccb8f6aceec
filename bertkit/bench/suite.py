"""What a Suite is: a table of benchmark data sets, each with the recipe that trains on it and the figures it is judged by.

GLUE, SQuAD and NER are suites that come along; a user's own is a YAML file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    """One row of a suite: what is trained, and what is told of it."""

    name: str
    """Also its folder's: letters, digits, `-` and `_`."""
    recipe: str
    """A file, or the name of a recipe that comes along."""
    sets: tuple[str, ...] = ()
    """`KEY=VALUE`, as of `--set`: its data, and what differs from the recipe."""
    figures: tuple[str, ...] = ()
    """What the table shows, the one that counts first: `validation/accuracy`, `test/accuracy`."""
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Model -> figure (as in `figures`) -> what its authors report, in the figure's own unit."""
    starts_from: str = ""
    """Another entry, whose trained model it begins with (RTE, MRPC and STS-B with MNLI's)."""
    unlabelled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A name -> `KEY=VALUE` that make `data.test` rows without answers, which each finished Run answers into
    `predictions/NAME.tsv` beside it: what a leaderboard takes (`MNLI-m`, `MNLI-mm`, `AX`)."""


@dataclass(frozen=True)
class Suite:
    """A table of data sets."""

    name: str
    entries: tuple[Entry, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    """Entries that can not be run, and why: told, not fatal."""
