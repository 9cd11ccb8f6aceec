"""Grades: whole numbers from 0, in bounds, each mistake with its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertkit.errors import DataError
from bertkit.tasks.rerank import grades


def rows(*scores: float) -> list[dict[str, Any]]:
    return [{"query": "q", "text": str(n), "score": score, "place": f"a.csv:{n}"} for n, score in enumerate(scores, 2)]


@pytest.mark.parametrize("score", [-1, 0.5, 1e21, 1_000_001])
def test_what_is_no_grade_has_its_line(score: float) -> None:
    with pytest.raises(DataError, match=r"a\.csv:3 .*is no grade"):
        grades.check(rows(1, score, 0), "train")


def test_references_number_queries_in_their_order() -> None:
    given = [{"query": q, "text": "t", "score": s} for q, s in (("b", 1), ("a", 0), ("b", 2))]
    assert grades.references(given).tolist() == [[0, 1], [1, 0], [0, 2]]


def test_pairs_on_the_right_side() -> None:
    graded = np.array([[0, 2], [0, 1], [0, 0], [1, 1]])
    pairs, right = grades.right_pairs(np.array([3.0, 1.0, 2.0, 0.0]), graded)
    assert (pairs.tolist(), right.tolist()) == ([2, 2, 2, 0], [2, 1, 1, 0])
