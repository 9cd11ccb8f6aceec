"""What a Suite is: a table of benchmark data sets, each with its recipe and the figures it is judged by.

GLUE, SQuAD and NER are suites that come along; a user's own is a YAML file (suite_file.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bertkit.errors import Parameter, Problem, RecipeError, did_you_mean

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
SPLITS = ("validation", "test")
"""What a figure's name begins with: `validation/accuracy`."""


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
    """What the table shows, the one that counts first: `validation/accuracy`, `test/accuracy`. None: the recipe's first
    metric on the test rows, else on the validation rows."""
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Model -> figure (as in `figures`) -> what its authors report, in the figure's own unit."""
    starts_from: str = ""
    """Another entry, whose trained model it begins with (RTE, MRPC and STS-B with MNLI's)."""
    unlabelled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A name -> `KEY=VALUE` that make `data.test` rows without answers, which each finished Run answers into
    `predictions/NAME.tsv` inside it: what a leaderboard takes (`MNLI-m`, `MNLI-mm`, `AX`)."""
    places: Mapping[str, str] = field(default_factory=dict)
    """A key of `sets` -> `file:line` where it stands, to be named in an error."""


@dataclass(frozen=True)
class Suite:
    """A table of data sets."""

    name: str
    entries: tuple[Entry, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    """Entries that can not be run, and why: told, not fatal."""
    model: str = ""
    """The model of all entries where the command names none; empty: each recipe's own."""
    seeds: tuple[int, ...] = ()
    """The seeds where the command names none."""


def check(suite: Suite) -> None:
    """Raise a RecipeError for names that are no folder's or stand twice, and for entries that wait for each other."""
    problems = []
    names = [entry.name for entry in suite.entries]
    for name in dict.fromkeys(names):
        if not _NAME.fullmatch(name):
            what = f"{name!r} names a folder too"
            problems.append(Problem(suite.name, what, "letters, digits, - and _ alone"))
        elif names.count(name) > 1:
            problems.append(Problem(suite.name, f"{name} stands twice", "name one of them otherwise"))
    if not names and not suite.absent:
        problems.append(Problem(suite.name, "has no tasks", "name at least one"))
    if problems:
        raise RecipeError(*problems)
    in_order(suite)


def in_order(suite: Suite) -> list[Entry]:
    """Its entries, each after the one that it starts from, else as they stand.

    Raises:
        RecipeError: entries that start from each other in a circle.
    """
    by_name = {entry.name: entry for entry in suite.entries}
    done: dict[str, Entry] = {}
    for entry in suite.entries:
        chain: list[Entry] = []
        step: Entry | None = entry
        while step is not None and step.name not in done:
            if step in chain:
                circle = " -> ".join(one.name for one in [*chain[chain.index(step) :], step])
                raise RecipeError.at(
                    suite.name, f"starts_from goes in a circle: {circle}", "let one start from a model"
                )
            chain.append(step)
            step = by_name.get(step.starts_from)
        done |= {one.name: one for one in reversed(chain)}
    return list(done.values())


def select(suite: Suite, names: Sequence[str]) -> Suite:
    """The suite with these entries alone; all of them where none is named.

    Raises:
        RecipeError: a name that the suite does not have, or one twice.
    """
    if not names:
        return suite
    known = [*(entry.name for entry in suite.entries), *suite.absent]
    problems = [
        Problem(Parameter("tasks"), f"{suite.name} has no {name}", did_you_mean(name, known))
        for name in dict.fromkeys(names)
        if name not in known
    ]
    problems += [
        Problem(Parameter("tasks"), f"{name}: stands twice") for name in dict.fromkeys(names) if names.count(name) > 1
    ]
    if problems:
        raise RecipeError(*problems)
    kept = tuple(entry for entry in suite.entries if entry.name in names)
    if not kept:
        reasons = "; ".join(f"{name}: {suite.absent[name]}" for name in names)
        raise RecipeError.at(Parameter("tasks"), f"nothing is left to run: {reasons}")
    return replace(suite, entries=kept, absent={name: why for name, why in suite.absent.items() if name in names})
