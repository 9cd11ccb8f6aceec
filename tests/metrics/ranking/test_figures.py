"""Figures of rankings: a known answer, a plain second formula, and what has no figure."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from bertkit.errors import DataError
from bertkit.metrics import METRICS, intervals, try_out
from bertkit.metrics.ranking.figures import RANKING

NAMES = [metric.name for metric in RANKING]
NEVER = -math.inf
SCORES = [0.9, 0.3, 0.7, 0.3, 0.2, 0.8, NEVER, 0.5, 0.6]
REFERENCES = [[0, 2], [0, 1], [0, 0], [0, 0], [1, 1], [1, 0], [1, 1], [2, 0], [2, 0]]


def figure(name: str, scores: Any, references: Any) -> float:
    return METRICS[name](scores, references)[name]


def test_a_known_answer() -> None:
    """Three queries, graded, with a tie, a document that was not retrieved, and a query without a relevant document.

    Query 0: grades in order of score: 2, 0, then the tie of 0.3, the less relevant first: 0, 1.
        DCG 2/log2(2) + 1/log2(5) = 2.430677; best order 2, 1: 2/log2(2) + 1/log2(3) = 2.630930; nDCG 0.923885.
        The first relevant document has rank 1: 1. Precision at the relevant ones: 1/1 and 2/4, their mean 0.75.
        Both of two are found: 1.
    Query 1: grades in order of score: 0, 1; another relevant document was not retrieved.
        DCG 1/log2(3) = 0.630930; best order 1, 1: 1.630930; nDCG 0.386853. Rank 2: 0.5.
        Precision 1/2 and 0, their mean 0.25. One of two is found: 0.5.
    Query 2 is left out. Means: 0.655369, 0.75, 0.5, 0.75.
    """
    expected = {"ndcg@10": 0.655369, "mrr@10": 0.75, "map": 0.5, "recall@100": 0.75}
    for name, value in expected.items():
        assert figure(name, SCORES, REFERENCES) == pytest.approx(value, abs=5e-7), name
        again = METRICS[name].reference.function(np.array(SCORES), np.array(REFERENCES))  # type: ignore[union-attr]
        assert again == pytest.approx(value, abs=5e-7), name


@pytest.mark.parametrize("name", NAMES)
def test_without_a_relevant_document_there_is_no_figure(name: str) -> None:
    rows = [0.1, 0.9], [[7, 0], [8, 0]]
    assert math.isnan(figure(name, *rows))
    assert math.isnan(METRICS[name].reference.function(*map(np.array, rows)))  # type: ignore[union-attr]
    assert all(map(math.isnan, intervals(METRICS[name], *rows, samples=20)[name]))
    try_out(METRICS[name], *rows)


@pytest.mark.parametrize("name", NAMES)
def test_a_query_of_which_nothing_was_retrieved_counts_zero(name: str) -> None:
    assert figure(name, [NEVER, 0.3], [[0, 1], [1, 1]]) == 0.5


def test_one_score_for_all_gains_nothing_from_the_order_of_the_file() -> None:
    """One relevant document of four stands last: 1/log2(5), 1/4."""
    for place in range(4):
        references = [[0, int(place == row)] for row in range(4)]
        assert figure("ndcg@10", [0.5] * 4, references) == pytest.approx(1 / math.log2(5))
        assert figure("mrr@10", [0.5] * 4, references) == 0.25


def test_beyond_the_cut() -> None:
    """The eleventh document does not count for nDCG and MRR, the hundred and first not for recall."""
    scores = -np.arange(120.0)
    tenth, eleventh, last = ([[0, int(rank == row)] for row in range(1, 121)] for rank in (10, 11, 101))
    assert figure("mrr@10", scores, tenth) == 0.1
    assert figure("mrr@10", scores, eleventh) == figure("ndcg@10", scores, eleventh) == 0
    assert figure("map", scores, eleventh) == pytest.approx(1 / 11)
    assert (figure("recall@100", scores, eleventh), figure("recall@100", scores, last)) == (1, 0)


def naive(name: str, scores: np.ndarray, references: np.ndarray) -> float:
    """Query by query, document by document."""
    values = []
    for query in sorted(set(references[:, 0])):
        docs = [(s, g) for s, (q, g) in zip(scores.tolist(), references.tolist(), strict=True) if q == query]
        grades = [g for s, g in sorted(docs, key=lambda doc: (-doc[0], doc[1])) if s > NEVER]
        relevant = [g for _, g in docs if g > 0]
        if not relevant:
            continue
        if name == "ndcg@10":
            dcg, best = (
                sum(g / math.log2(rank + 1) for rank, g in enumerate(order[:10], 1))
                for order in (grades, sorted(relevant, reverse=True))
            )
            values.append(dcg / best)
        elif name == "mrr@10":
            values.append(next((1 / rank for rank, g in enumerate(grades[:10], 1) if g), 0.0))
        elif name == "map":
            at = [rank for rank, g in enumerate(grades, 1) if g]
            values.append(sum(hits / rank for hits, rank in enumerate(at, 1)) / len(relevant))
        else:
            values.append(sum(g > 0 for g in grades[:100]) / len(relevant))
    return sum(values) / len(values)


def drawn(seed: int, queries: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Queries of 1 to 130 documents in mixed order, with ties, grades 0 to 3 and documents that were not retrieved."""
    draw = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(queries) * 7, draw.integers(1, 131, size=queries))
    draw.shuffle(numbers)
    scores = draw.integers(40, size=len(numbers)) / 8
    scores[draw.random(len(numbers)) < 0.1] = NEVER
    grades = draw.choice(4, size=len(numbers), p=[0.9, 0.05, 0.03, 0.02])
    return scores, np.stack([numbers, grades], axis=1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", NAMES)
def test_a_plain_formula_and_ir_measures_give_the_same(name: str, seed: int) -> None:
    rows = drawn(seed)
    assert figure(name, *rows) == pytest.approx(naive(name, *rows), rel=1e-12)
    assert METRICS[name].reference.function(*rows) == pytest.approx(naive(name, *rows), rel=1e-9)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_rows_changes_nothing(name: str) -> None:
    scores, references = drawn(9)
    at = np.random.default_rng(0).permutation(len(scores))
    assert figure(name, scores[at], references[at]) == pytest.approx(figure(name, scores, references), rel=1e-12)


@pytest.mark.parametrize(
    ("scores", "references", "message"),
    [
        ([math.nan, 1.0], [[0, 1], [0, 0]], "1 of 2 predictions are NaN or infinite"),
        ([math.inf, 1.0], [[0, 1], [0, 0]], "1 of 2 predictions are NaN or infinite"),
        ([0.5, 1.0], [[0, -1], [0, 0]], "references hold -1"),
        ([0.5, 1.0], [[0, 0.5], [0, 0]], "references are float64, not integers"),
        ([0.5, 1.0], [0, 1], "do not fit references of shape"),
        ([[0.5], [1.0]], [[0, 1], [0, 0]], "do not fit references of shape"),
    ],
)
def test_what_can_not_be_scored(scores: Any, references: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        METRICS["map"](scores, references)
