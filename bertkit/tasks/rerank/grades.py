"""Grades of documents: read, checked and counted by query; and how many pairs of a query's documents are in order."""

from __future__ import annotations

from collections import Counter

import numpy as np

from bertkit.data.read.rows import BadRows
from bertkit.errors import DataError, Problem
from bertkit.metrics.ranking.queries import GRADE, query_numbers
from bertkit.tasks import texts
from bertkit.tasks.task import Rows
from bertkit.warn import warn

MOST = 1_000_000
"""A grade above it is no grade."""
SHOWN = 10
"""Most grades that are shown one by one."""


def read(rows: Rows) -> np.ndarray:
    """`(row,)`: the grades, float64."""
    return np.array(texts.column(rows, "score"), dtype=np.float64)


def references(rows: Rows) -> np.ndarray:
    """`(row, 2)`: number of the query, in the order in which they come, and grade; int64."""
    numbers: dict[str, int] = {}
    queries = [numbers.setdefault(query, len(numbers)) for query in texts.column(rows, "query") or []]
    return np.stack([np.array(queries, dtype=np.int64), read(rows).astype(np.int64)], axis=1)


def check(rows: Rows, split: str) -> None:
    """Check that the answers are grades; of rows that are scored also that there is something to score.

    Raises:
        DataError: a grade below 0 or with a fraction; no query has a relevant document.
    """
    grades, bad = read(rows), BadRows()
    places = texts.column(rows, "place") or [f"row {number}" for number in range(1, len(grades) + 1)]
    for row in np.flatnonzero((grades < 0) | (grades != np.floor(grades)) | (grades > MOST)):
        what = f"{split}: score {grades[row]:g} is no grade"
        bad.add(
            Problem(
                places[row], what, f"grades are whole numbers from 0 to {MOST:,}; the task regress takes any numbers"
            )
        )
    bad.settle()
    if split == "train":
        return
    relevant = _per_query(references(rows))[1]
    without = int((relevant == 0).sum())
    if without == len(relevant):
        todo = "is this the right column? data.columns.score"
        raise DataError.at(split, "no query has a relevant document (score above 0)", todo)
    if without:
        what = f"{without:,} of {len(relevant):,} queries have no relevant document (score above 0)"
        warn(f"{what}: they are left out of the figures", split)


def findings(rows: Rows) -> list[str]:
    """Queries and their documents, rows per grade, and queries that tell no order from another."""
    graded = references(rows)
    documents, _, alike = _per_query(graded)
    counts = sorted(Counter(graded[:, GRADE].tolist()).items())
    shown = [f"{grade} ({count:,})" for grade, count in counts[:SHOWN]] + ["..."] * (len(counts) > SHOWN)
    alone, same = int((documents == 1).sum()), int((alike & (documents > 1)).sum())
    lines = [
        f"queries: {len(documents):,}, documents per query: {documents.mean():.1f} (at most {documents.max():,})",
        f"grades: {', '.join(shown)}",
    ]
    if alone:
        lines.append(f"queries with one document only, whose order can not be wrong: {alone:,}")
    if same:
        lines.append(f"queries whose documents all have the same grade: {same:,}")
    return lines


def _per_query(graded: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Documents, relevant documents, and whether all have one grade: `(query,)` each."""
    query, grade = query_numbers(graded), graded[:, GRADE]
    documents = np.bincount(query)
    low, high = np.full(len(documents), np.iinfo(np.int64).max), np.zeros(len(documents), dtype=np.int64)
    np.minimum.at(low, query, grade)
    np.maximum.at(high, query, grade)
    return documents, np.bincount(query, weights=grade > 0), low == high


def right_pairs(scores: np.ndarray, graded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each document: how many of its query have another grade, and how many of these stand on the right side of it.

    A document with the same score counts half.

    Args:
        scores: `(row,)`.
        graded: as `references`.

    Returns:
        `(row,)` each.
    """
    query, grade = query_numbers(graded), graded[:, GRADE]
    order = np.argsort(query, kind="stable")
    pairs, right = np.zeros(len(scores)), np.zeros(len(scores))
    for rows in np.split(order, np.cumsum(np.bincount(query))[:-1]):
        for level in np.unique(grade[rows]):
            own = rows[grade[rows] == level]
            lower, higher = (np.sort(scores[rows[side]]) for side in (grade[rows] < level, grade[rows] > level))
            pairs[own] = len(lower) + len(higher)
            right[own] = _below(lower, scores[own]) + len(higher) - _below(higher, scores[own])
    return pairs, right


def _below(ordered: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """How many of `ordered` are below each score; equal ones count half."""
    return (np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")) / 2
