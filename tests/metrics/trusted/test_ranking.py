"""ir-measures on our references: its figures of a ranking that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.metrics.trusted.ranking import NAMES, by_ir_measures

REFERENCES = np.array([[0, 2], [0, 0], [0, 1], [1, 0], [1, 1], [2, 0]])
SCORES = np.array([0.1, 0.9, 0.5, 0.3, -np.inf, 0.2])
"""Query 0: grades 0, 1, 2 in this order. Query 1: its relevant document was not retrieved. Query 2 has none."""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ndcg@10", (1 / np.log2(3) + 2 / np.log2(4)) / (2 + 1 / np.log2(3)) / 2),
        ("mrr@10", 0.5 / 2),
        ("map", (1 / 2 + 2 / 3) / 2 / 2),
        ("recall@100", 1 / 2),
    ],
)
def test_figures(name: str, expected: float) -> None:
    assert by_ir_measures(name).function(SCORES, REFERENCES) == pytest.approx(expected)


def test_all_names_are_known() -> None:
    assert set(NAMES) == {"ndcg@10", "mrr@10", "map", "recall@100"}


def test_without_a_relevant_document_there_is_no_figure() -> None:
    assert np.isnan(by_ir_measures("map").function(np.array([1.0]), np.array([[0, 0]])))
