"""A Suite: a table of benchmark data sets, each with its recipe and the figures it is scored by.

GLUE, SQuAD and NER are built in; a user's own suite is a YAML file (suite_file.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bertkit.display import shorten
from bertkit.errors import Parameter, Problem, RecipeError, did_you_mean

MOST_BYTES = 200
"""Of a name in UTF-8: files named after it have endings, and file systems take 255 bytes."""
SPLITS = ("validation", "test")
"""A figure's name starts with one: `validation/accuracy`."""


@dataclass(frozen=True)
class Entry:
    """One row of a suite: what is trained, and which figures are reported."""

    name: str
    """Also the name of its folder: letters and digits of any script, `-` and `_`."""
    recipe: str
    """A file, or the name of a recipe that comes with bertkit."""
    sets: tuple[str, ...] = ()
    """`KEY=VALUE` texts: its data, and changes to the recipe."""
    figures: tuple[str, ...] = ()
    """Figures of the table, the main one first: `validation/accuracy`, `test/accuracy`. Empty: the recipe's first
    metric on the test rows, else on the validation rows."""
    published: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Model -> figure (as in `figures`) -> its published value, in the figure's own unit."""
    starts_from: str = ""
    """Another entry, whose trained model it starts from (RTE, MRPC and STS-B from MNLI's)."""
    unlabelled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name -> `KEY=VALUE` texts that make `data.test` unlabelled rows. Each finished Run writes its predictions for
    them to `predictions/NAME.tsv`, for a leaderboard (`MNLI-m`, `MNLI-mm`, `AX`)."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Key of `sets` -> its `file:line`, for errors."""


@dataclass(frozen=True)
class Suite:
    """A table of data sets."""

    name: str
    entries: tuple[Entry, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    """Entries that can not be run -> why; reported, not fatal."""
    model: str = ""
    """The model of all entries, if the request names none; empty: each recipe's own."""
    seeds: tuple[int, ...] = ()
    """The seeds, if the request names none."""


def check(suite: Suite) -> None:
    """Raise a RecipeError for names that can not name a folder or stand twice, and for circles of `starts_from`."""
    problems = []
    names = [unicodedata.normalize("NFC", entry.name) for entry in suite.entries]  # some file systems do so too
    for name, count in Counter(names).items():
        if not _is_word(name):
            reason = f"{name!r} can not name a folder"
            problems.append(Problem(suite.name, reason, "use only letters, digits, - and _"))
        elif len(name.encode()) > MOST_BYTES:
            reason = f"{shorten(name, 40)} is too long to name a folder"
            problems.append(
                Problem(suite.name, reason, f"at most {MOST_BYTES} bytes: {MOST_BYTES // 3} Chinese letters")
            )
        elif count > 1:
            problems.append(Problem(suite.name, f"{name} stands twice", "rename one of them"))
    if not names and not suite.absent:
        problems.append(Problem(suite.name, "has no tasks", "name at least one"))
    if problems:
        raise RecipeError(*problems)
    in_order(suite)


def _is_word(name: str) -> bool:
    """Whether a name has only letters (with their marks) and digits of any script, `-` and `_`; no `-` comes first."""
    kinds = "".join("N" if one == "_" else "-" if one == "-" else unicodedata.category(one)[0] for one in name)
    return re.fullmatch("[LN][LNM-]*", kinds) is not None


def in_order(suite: Suite) -> list[Entry]:
    """Its entries in their order, but each after the one that it starts from.

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
                    suite.name, f"starts_from goes in a circle: {circle}", "let one start from the plain model"
                )
            chain.append(step)
            step = by_name.get(step.starts_from)
        done |= {one.name: one for one in reversed(chain)}
    return list(done.values())


def select(suite: Suite, names: Sequence[str]) -> Suite:
    """The suite with only these entries; with all, if none is named.

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
