"""Vectors compared with each other, on vectors whose cosines can be read."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.metrics import find_metric
from bertkit.tasks.embed import neighbours

EAST, NORTH, WEST, NEAR_EAST = np.array([[1, 0], [0, 1], [-1, 0], [0.9, 0.1]], dtype=np.float32)


def test_each_text_is_a_query_to_all_texts_of_all_rows() -> None:
    vectors = [np.stack([EAST, NEAR_EAST, WEST]), np.stack([NORTH, WEST])]
    texts = [["east", "near", "west"], ["north", "west"]]
    first, second = neighbours.nearest(vectors, texts)
    assert (first.right, first.others, first.first) == (["near"], ["west"], ("near", True))
    assert (second.right, second.others, second.first) == (["west"], ["near"], ("near", False))
    scores, references = neighbours.ranking([first, second])
    assert references.tolist() == [[0, 1], [0, 0], [1, 1], [1, 0]]
    assert find_metric("mrr@10", "ranking")(scores, references) == {"mrr@10": pytest.approx(0.75)}


def test_positives_of_rows_with_the_same_text_are_all_right() -> None:
    vectors = [np.stack([EAST, NEAR_EAST]), np.stack([EAST, NORTH])]
    for near in neighbours.nearest(vectors, [["east", "near"], ["east", "north"]]):
        assert (near.right, near.others, near.first) == (["near", "north"], [], ("near", True))


def test_what_a_row_is_compared_with_does_not_depend_on_the_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two models could not be compared: they would have read other right answers from the same rows."""
    monkeypatch.setattr(neighbours, "NEAREST", 1)
    texts = [["a", "b", "c"], ["d", "e"], ["f", "g"]]
    rng = np.random.default_rng(0)
    both = []
    for _ in range(2):
        vectors = [rng.normal(size=(len(own), 4)).astype(np.float32) for own in texts]
        both.append(neighbours.ranking(neighbours.nearest(vectors, texts))[1].tolist())
    assert both[0] == both[1] == [[0, 1], [0, 0], [1, 1], [1, 0], [2, 1], [2, 0]]


def test_a_text_does_not_find_itself() -> None:
    """Row 1's positive is row 0's text, word for word."""
    vectors = [np.stack([EAST, NEAR_EAST]), np.stack([NORTH, EAST])]
    first, _ = neighbours.nearest(vectors, [["east", "near"], ["north", "east"]])
    assert (first.right, first.others) == (["near"], [])


def test_the_nearest_other_row() -> None:
    assert neighbours.nearest_others(np.stack([EAST, NORTH, NEAR_EAST])).tolist() == [2, 2, 0]


def test_many_vectors_are_compared_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    whole = neighbours.nearest_others(vectors)
    monkeypatch.setattr(neighbours, "BLOCK", 120)
    assert neighbours.nearest_others(vectors).tolist() == whole.tolist()


def test_mean_cosine_is_that_of_all_pairs() -> None:
    assert neighbours.mean_cosine(np.stack([EAST, NORTH, WEST])) == pytest.approx((0 + 0 - 1) / 3)
    assert neighbours.mean_cosine(EAST[None]) == 0


def test_repeats_counts_rows_that_share_a_text_or_a_positive() -> None:
    assert neighbours.repeats([["a", "b"], ["a", "c"], ["d", "c"], ["e", "f", "a"]]) == {"repeated": 3}


def test_a_vector_of_zeros_stays_one() -> None:
    assert neighbours.unit(np.zeros((1, 3))).tolist() == [[0, 0, 0]]
    assert neighbours.cosine(EAST, np.zeros(2)) == 0


def test_cosines_get_the_score_of_their_place() -> None:
    answers = [{"similarity": cosine} for cosine in (0.9, -0.1, 0.5)]
    assert [one["score"] for one in neighbours.as_scores(answers, [5, 1, 0])] == [5, 0, 1]


def test_ranks_as_by_chance_are_said() -> None:
    good = [np.stack([EAST, NEAR_EAST]), np.stack([NORTH, NORTH]), np.stack([WEST, WEST])]
    texts = [["a", "near"], ["b", "north"], ["c", "west"]]
    assert neighbours.no_better_than_chance(neighbours.nearest(good, texts)) == ""
    bad = [np.stack([EAST, WEST]), np.stack([NORTH, -NORTH]), np.stack([WEST, EAST])]
    said = neighbours.no_better_than_chance(neighbours.nearest(bad, texts))
    assert said == "mean reciprocal rank 0.333: no better than an order by chance (0.611)"


def test_a_single_candidate_says_nothing() -> None:
    found = neighbours.nearest([np.stack([EAST, WEST])], [["a", "b"]])
    assert "figures of these rows say nothing" in neighbours.no_better_than_chance(found)
