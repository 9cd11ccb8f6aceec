"""Rows divided into folds, so that no model judges a row that it has trained on.

Rows that belong together share a fold: those with the same texts, those with nearly the same (data/check/near.py), and
those that the task keeps together (`Task.group_by`). Else a model would have learnt the label of a row from its twin,
wrong as it may be, and both would look right. Labels are spread evenly. The same rows and seed give the same folds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertkit.data.check.near import ROWS, joining_pairs
from bertkit.errors import DataError, Parameter
from bertkit.understand.errors.pool import Pool

Numbers = NDArray[np.int64]
FOLDS = 4
HELD = 0.1
"""Share of a fold's training rows that choose its checkpoint and its temperature."""


def groups_of(pool: Pool, group_by: str | None = None) -> Numbers:
    """`(row,)`: the number of the group that each row belongs to."""
    parent = list(range(len(pool)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    pairs = joining_pairs(pool.keys) if pool.keys else []
    first: dict[Any, int] = {}
    for row, key in enumerate(pool.keys):
        pairs.append((row, first.setdefault(key, row)))
    if group_by:
        of_value: dict[Any, int] = {}
        pairs += [(number, of_value.setdefault(row.get(group_by), number)) for number, row in enumerate(pool.rows)]
    for row, other in pairs:
        one, two = sorted((root(row), root(other)))
        parent[two] = one
    roots = np.array([root(row) for row in range(len(pool))])
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)


def notes_of(pool: Pool, groups: Numbers, folds: int) -> list[str]:
    """What the groups leave in doubt, in sentences."""
    notes = []
    if (distinct := len(set(pool.keys))) > ROWS:
        what = f"of {distinct:,} different rows {ROWS:,} were compared for nearly the same texts"
        notes.append(f"{what}: near twins among the others may be in two folds")
    largest = int(np.bincount(groups).max(initial=0))
    if largest * folds > len(groups):
        what = f"{largest:,} of {len(groups):,} rows have nearly the same text, or belong together, and share a fold"
        notes.append(f"{what}: its model trains on fewer rows than the others")
    return notes


def assign(groups: Numbers, labels: Sequence[Sequence[str]], folds: int, seed: int) -> Numbers:
    """`(row,)`: the fold of each row, from 0. A group goes to the fold that has the fewest rows with its labels.

    Args:
        labels: those of each row; empty: it has none.

    Raises:
        DataError: fewer groups than folds.
    """
    count = int(groups.max(initial=-1)) + 1
    if count < folds:
        rows = f"{len(groups)} row{'s' * (len(groups) != 1)}"
        what = rows if count == len(groups) else f"{rows}, of which {count} differ"
        todo = f"use {count}" if count > 1 else "errors are found in files of hundreds of rows"
        raise DataError.at(Parameter("folds"), f"{folds}: more than the {what}", todo)
    members: list[list[int]] = [[] for _ in range(count)]
    for row, group in enumerate(groups):
        members[group].append(row)
    draw = np.random.default_rng([seed, folds])
    order = sorted(draw.permutation(count).tolist(), key=lambda group: -len(members[group]))
    sizes = np.zeros(folds, dtype=np.int64)
    with_label: dict[str, Numbers] = {}
    found = np.zeros(len(groups), dtype=np.int64)
    for group in order:
        own = Counter(label for row in members[group] for label in labels[row])
        load = np.zeros(folds, dtype=np.int64)
        for label in own:
            load += with_label.setdefault(label, np.zeros(folds, dtype=np.int64))
        fold = int(np.lexsort((sizes, load))[0])
        found[members[group]] = fold
        sizes[fold] += len(members[group])
        for label, times in own.items():
            with_label[label][fold] += times
    return found


def held_out(groups: Numbers, rows: Numbers, seed: Sequence[int]) -> Numbers:
    """Those of the rows that are held out of a fold's training: whole groups, at least one, about `HELD` of the rows.

    Args:
        rows: numbers of the rows of two groups or more.
    """
    own = np.unique(groups[rows])
    drawn = np.random.default_rng(list(seed)).permutation(own)
    counts = np.cumsum(np.bincount(groups[rows])[drawn])
    taken = min(max(1, int(np.searchsorted(counts, HELD * len(rows), side="right"))), len(own) - 1)
    return rows[np.isin(groups[rows], drawn[:taken])]
