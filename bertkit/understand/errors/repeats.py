"""Rows with the same or nearly the same texts: leaks between splits, contradicting answers, repeated rows.

Found as `bertkit data check` finds them (data/check/near.py), which counts them; here each is listed. A row is compared
with the first row that it repeats, of the training rows if there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bertkit.data.check.near import likeness, near_duplicates
from bertkit.understand.errors.calibrated import Floats
from bertkit.understand.errors.pool import TRAIN, Pool

NEARLY = 0.999
"""Likeness at most of texts that differ: it is that of their beginnings, and of which characters follow each other."""

Kind = Literal["conflict", "leak", "duplicate"]


class Repeat(NamedTuple):
    """A row that repeats another one."""

    kind: Kind
    """`leak`: a row of validation or test that is in the training rows; `conflict`: in one split, with another answer;
    `duplicate`: in one split, with the same answer."""
    row: int
    other: int
    likeness: float
    """Jaccard's index of the runs of three characters of both; 1: the same texts, but for case and white space."""
    differs: bool
    """Whether the answers differ."""


def repeats_of(pool: Pool) -> list[Repeat]:
    """All rows that repeat an earlier one, the nearest first."""
    if not pool.keys:
        return []
    order = sorted(range(len(pool)), key=lambda row: pool.splits[row] != TRAIN)  # stable: training rows first
    first: dict[tuple[str, ...], int] = {}
    pairs: dict[int, int] = {}
    for row in order:
        earlier = first.setdefault(pool.keys[row], row)
        if earlier != row:
            pairs[row] = earlier
    near = near_duplicates([pool.keys[row] for row in order])
    for later, earlier in near:
        pairs.setdefault(order[later], order[earlier])
    found = [_repeat(pool, row, other) for row, other in pairs.items()]
    return sorted((one for one in found if one is not None), key=lambda one: (-one.likeness, one.row))


def _repeat(pool: Pool, row: int, other: int) -> Repeat | None:
    """None: two rows of different splits, neither of training."""
    same = pool.keys[row] == pool.keys[other]
    alike = 1.0 if same else min(likeness(pool.keys[row], pool.keys[other]), NEARLY)
    differs = pool.answers[row] != pool.answers[other]
    if pool.splits[row] == pool.splits[other]:
        return Repeat("conflict" if differs else "duplicate", row, other, alike, differs)
    return Repeat("leak", row, other, alike, differs) if TRAIN in (pool.splits[row], pool.splits[other]) else None


def more_doubtful(repeat: Repeat, doubts: Floats) -> tuple[int, int, float]:
    """Of two rows that contradict each other the one that looks wrong, the other one, and how much of the doubt about
    both it has, 0.5 to 1: one of them is wrong."""
    row, other = repeat.row, repeat.other
    if doubts[row] < doubts[other]:
        row, other = other, row
    both = doubts[row] + doubts[other]
    return row, other, float(doubts[row] / both) if both > 0 else 0.5


def counts_of(repeats: Sequence[Repeat]) -> dict[str, int]:
    """How many of each kind, and `exact`: of leaks, those with the same texts."""
    kinds = {kind: sum(one.kind == kind for one in repeats) for kind in ("leak", "conflict", "duplicate")}
    return {**kinds, "exact": sum(one.kind == "leak" and one.likeness == 1 for one in repeats)}
