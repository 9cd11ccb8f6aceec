"""Several passages for one question: which holds the answer, and how sure that is over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.errors import DataError

TINY = 1e-290
"""A probability of 0 counts as this, so that odds stay finite."""


def best_of(rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    """Of the rows with the same value in a column, the one whose answer scores highest; in the order of the first.

    Raises:
        DataError: the rows have no such column, their answers no score that compares, or they have a column `share`.
    """
    if lacking := [name for name in (column, "score") if rows and name not in rows[0]]:
        what = f"{column}: no such column" if lacking[0] == column else "these answers have no score to compare"
        raise DataError.at("--best-of", what, f"the columns: {', '.join(rows[0])}")
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row[column]), []).append(row)
    return [max(with_shares(group), key=lambda row: row["score"]) for group in groups.values()]


def with_shares(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Passages of one question, each with its `share` where `shares` can tell it.

    Raises:
        DataError: the rows have such a column.
    """
    found = shares(rows)
    if found and "share" in rows[0]:
        raise DataError.at("predict", "the input already has the column share", "rename it")
    return [{**row, "share": share} for row, share in zip(rows, found, strict=True)] if found else rows


def shares(answers: Sequence[dict[str, Any]]) -> list[float]:
    """Probability of the best text of each passage: a softmax over the texts of all, and one "no answer" for all.

    Clark & Gardner 2018 (section 3.2) normalise so over paragraphs, in training too. Here every passage is trained
    alone, and what joins them is no answer, with which each compares its texts: whose score is 0 everywhere. The price:
    the temperature is fitted to single passages, so that over many of them a share is no calibrated chance.

    Args:
        answers: of one question, or their columns. Nothing comes back where one has no `no_answer_probability`.
    """
    if any(answer.get("no_answer_probability") is None for answer in answers):
        return []
    odds = [
        [
            entry["probability"] / max(answer["no_answer_probability"], TINY)
            for entry in answer["n_best"]
            if entry["text"]
        ]
        for answer in answers
    ]
    whole = 1 + sum(map(sum, odds))
    return [max(each, default=0.0) / whole for each in odds]
