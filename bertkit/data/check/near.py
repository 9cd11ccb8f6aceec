"""Rows whose texts are nearly the same: typing errors, another full stop, a changed number.

Two texts are nearly the same where at least `LIKE` of their distinct runs of three characters are common to both
(Jaccard's index; Broder 1997). Pairs are found by MinHash with bands (Leskovec et al., Mining of Massive Datasets,
chapter 3), and each pair is then counted exactly. So no pair is wrong; of those with an index of 0.8 some 99.8% are
found, of 0.9 practically all. The price and its limits: time grows with the number of rows alone, as a row is compared
with the first and the last one before it in each of its bands; only the first `CHARACTERS` of a text count; of more
than `ROWS` distinct rows that many are looked at, evenly spaced. 50,000 rows of 80 characters take a few seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bertkit.data.check.texts import Key

ROWS = 50_000
CHARACTERS = 500
LIKE = 0.8
WIDTH = 3
"""Characters of a run."""
HASHES, BANDS = 48, 12
BATCH = 1_000
"""Texts hashed at a time."""
GUESS = LIKE - 0.2
"""Least share of equal hashes of a pair that is counted exactly: the share is the index, give or take 0.07."""

Numbers = NDArray[np.uint64]
_ODD = np.random.default_rng(1997).integers(1, 2**63, size=HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


def near_duplicates(keys: Sequence[Key]) -> list[tuple[int, int]]:
    """Each row that is nearly, but not quite, the same as an earlier row, and the first such row: pairs of positions.

    Rows with several texts are alike if each of them is.
    """
    rows, positions, pairs = _compared(keys)
    found: dict[int, int] = {}
    for row, earlier in pairs:
        if row not in found and all(map(_alike, rows[row], rows[earlier])):
            found[row] = earlier
    return sorted((positions[row], positions[earlier]) for row, earlier in found.items())


def joining_pairs(keys: Sequence[Key]) -> list[tuple[int, int]]:
    """Pairs of positions that join all nearly same rows into groups, of all pairs that are found.

    `near_duplicates` names one earlier row alone: a row that is like two others, which are not like each other, would
    be joined to the first. Pairs whose rows are in one group already are left out.
    """
    rows, positions, pairs = _compared(keys)
    parent = list(range(len(rows)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    found = []
    for row, earlier in pairs:
        one, two = root(row), root(earlier)
        if one != two and all(map(_alike, rows[row], rows[earlier])):
            parent[one] = two
            found.append((positions[row], positions[earlier]))
    return found


def _compared(keys: Sequence[Key]) -> tuple[list[Key], list[int], list[tuple[int, int]]]:
    """The distinct rows that are compared, their positions, and the pairs (row, earlier row) of them that are counted
    exactly."""
    distinct: dict[Key, int] = {}
    for position, key in enumerate(keys):
        distinct.setdefault(key, position)
    looked_at = sample(len(distinct))
    rows = list(distinct)
    rows, positions = [rows[i] for i in looked_at], [distinct[rows[i]] for i in looked_at]
    if len(rows) < 2 or not rows[0]:
        return rows, positions, []
    signatures = [_signatures([row[column][:CHARACTERS] for row in rows]) for column in range(len(rows[0]))]
    return rows, positions, _candidates(signatures)


def sample(count: int) -> list[int]:
    """Numbers of at most `ROWS` of `count` rows, evenly spaced."""
    return sorted({int(i) for i in np.linspace(0, count - 1, min(count, ROWS))})


def _signatures(texts: Sequence[str]) -> Numbers:
    """`(text, hash)`: the least hash of all runs of a text, for each of the hash functions."""
    parts = [_of_batch(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
    return np.concatenate(parts)


def _of_batch(texts: Sequence[str]) -> Numbers:
    padded = [text.ljust(WIDTH) for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    lengths = np.array([len(text) for text in padded])
    ends = np.cumsum(lengths)
    runs = codes[:-2] << np.uint64(42) ^ codes[1:-1] << np.uint64(21) ^ codes[2:]  # (character,)
    runs *= np.uint64(0x9E3779B97F4A7C15)
    runs ^= runs >> np.uint64(29)
    runs *= np.uint64(0xBF58476D1CE4E5B9)
    runs ^= runs >> np.uint64(32)
    inside = np.ones(len(runs), dtype=bool)
    inside[np.concatenate([ends[:-1] - 2, ends[:-1] - 1])] = False  # runs across two texts
    runs = runs[inside]
    starts = np.concatenate([[0], np.cumsum(lengths - 2)[:-1]])
    return np.stack([np.minimum.reduceat(runs * odd >> np.uint64(32), starts) for odd in _ODD], axis=1)


def _candidates(signatures: Sequence[Numbers]) -> list[tuple[int, int]]:
    """Pairs (row, earlier row) that share a band of hashes in each column, and about so many hashes as alike rows."""
    width = HASHES // BANDS
    pairs: set[tuple[int, int]] = set()
    for band in range(BANDS):
        key = np.zeros(len(signatures[0]), np.uint64)
        for hashes in signatures:
            for number in range(band * width, (band + 1) * width):
                key = (key ^ hashes[:, number]) * np.uint64(0x9E3779B97F4A7C15)
                key ^= key >> np.uint64(31)
        order = np.argsort(key, kind="stable")  # within a band in the order of the rows
        same = key[order[1:]] == key[order[:-1]]
        first = np.maximum.accumulate(np.where(np.concatenate([[True], ~same]), np.arange(len(order)), 0))
        rows = order[1:][same]
        for earlier in (order[first][1:][same], order[:-1][same]):
            likely = np.ones(len(rows), dtype=bool)
            for hashes in signatures:
                likely &= (hashes[rows] == hashes[earlier]).mean(axis=1) >= GUESS
            pairs.update(zip(rows[likely].tolist(), earlier[likely].tolist(), strict=True))
    return sorted(pairs)


def likeness(one: Key, other: Key) -> float:
    """Jaccard's index of two rows, from 0 to 1: the least of their texts'."""
    return min((_index(*pair) for pair in zip(one, other, strict=True)), default=0.0)


def _alike(one: str, other: str) -> bool:
    return _index(one, other) >= LIKE


def _index(one: str, other: str) -> float:
    a, b = _runs(one[:CHARACTERS]), _runs(other[:CHARACTERS])
    return len(a & b) / len(a | b)


def _runs(text: str) -> set[str]:
    return {text[i : i + WIDTH] for i in range(max(1, len(text) - WIDTH + 1))}
