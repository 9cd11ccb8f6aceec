"""Figures of a perturbation, worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bertkit.metrics.paired import mcnemar
from bertkit.metrics.resamples.bounds import wilson
from bertkit.tasks.task import Verdict
from bertkit.understand.robustness.figures import Effect, corrected, effect, mean_score
from bertkit.understand.robustness.perturbations.table import named


def verdicts(*scores: float) -> list[Verdict]:
    return [Verdict("text", "right", "answer", score) for score in scores]


def made(before: list[float], after: list[float], name: str = "typo_swap", **others: Any) -> Effect:
    (one,) = named([name])
    size = len(before)
    options: dict[str, Any] = {"rows": size + 2, "same_tokens": [False] * size, "same": [True] * size}
    pairs = list(zip(verdicts(*before), verdicts(*after), strict=True))
    options |= {"verdicts": pairs, "units": range(size), **others}
    return effect(one, **options)


def test_counts_and_shares() -> None:
    found = made([1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 1, 0], same=[True] * 4 + [False] * 2)
    assert (found.changed, found.unchanged, found.same_tokens) == (6, 2, 0)
    assert (found.right, found.kept, found.robust) == (4, 3, 0.75)
    assert found.robust_interval == wilson(3, 4)
    assert (found.stayed, found.stayed_share) == (4, pytest.approx(4 / 6))
    assert found.record()["flips"] == 1


def test_the_score_is_compared_on_the_same_rows() -> None:
    found = made([1, 1, 1, 1, 0, 0], [0, 0, 1, 0, 1, 0]).score
    assert found is not None
    assert (found.clean, found.perturbed) == (pytest.approx(4 / 6), pytest.approx(2 / 6))
    assert found.difference == pytest.approx(-2 / 6)
    assert found.test == "McNemar, exact"
    assert found.p == mcnemar(3, 1)
    assert found.clean_interval == wilson(4, 6)
    assert found.interval[0] <= found.difference <= found.interval[1]


def test_partly_right_rows_are_not_right() -> None:
    found = made([1, 0.5, 0.8], [0.9, 0.5, 1])
    assert (found.right, found.kept) == (1, 0)
    assert found.score is not None
    assert found.score.test == "randomisation, all 4 exchanges"


def test_numbers_have_no_right_rows() -> None:
    found = made([-0.5, -1.0], [-0.5, -2.0], same=None)
    assert (found.right, found.robust, found.stayed, found.stayed_share) == (0, None, None, None)
    assert found.score is not None
    assert found.score.difference == pytest.approx(-0.5)


def test_a_negation_is_no_invariance() -> None:
    found = made([1, 1], [0, 0], "negated", same=[False, True])
    assert (found.right, found.robust, found.score, found.stayed) == (0, None, None, 1)


def test_rows_without_right_answers() -> None:
    found = made([0, 0], [0, 0], verdicts=None, same=[True, False])
    assert (found.right, found.robust, found.score, found.stayed_share) == (0, None, None, 0.5)


def test_nothing_changed() -> None:
    found = made([], [], same_tokens=[], same=[], verdicts=([], []), units=[])
    assert (found.changed, found.stayed_share, found.robust, found.score) == (0, None, None, None)


def test_rows_of_a_unit_count_as_one() -> None:
    """Two documents of a query: one mean, so one difference to exchange."""
    apart, together = made([1, 1, 1], [0, 0, 1]), made([1, 1, 1], [0, 0, 1], units=["q", "q", "r"])
    assert apart.score
    assert together.score
    assert apart.score.p == mcnemar(2, 0) == 0.5
    assert together.score.p == mcnemar(1, 0) == 1.0
    assert together.score.perturbed == 0.5


def test_rows_with_the_same_tokens_are_not_tested() -> None:
    found = made([1, 1, 1, 0], [1, 1, 0, 0], same_tokens=[True, True, False, False], same=[True, True, False, True])
    assert (found.changed, found.same_tokens, found.tested) == (4, 2, 2)
    assert (found.right, found.kept, found.stayed, found.stayed_share) == (1, 0, 1, 0.5)
    assert found.score
    assert (found.score.clean, found.score.perturbed) == (0.5, 0.0)
    undone = made([1, 1], [1, 1], same_tokens=[True, True])
    assert (undone.tested, undone.right, undone.robust, undone.stayed_share, undone.score) == (0, 0, None, None, None)
    strong = made([1] * 12, [0] * 12)
    assert strong.score
    first, _ = corrected([strong, undone])
    assert first.score
    assert first.score.corrected == strong.score.p


def test_rows_that_can_not_be_wrong_are_left_out() -> None:
    found = made([1, 1], [1, 0], verdicts=[None, (*verdicts(1), *verdicts(0))])
    assert (found.changed, found.right, found.kept) == (2, 1, 0)


def test_intervals_of_rows_of_a_unit() -> None:
    """Six documents that go together say less than six rows."""
    before, after = [1.0] * 12, [1.0] * 6 + [0.0] * 6
    apart, together = made(before, after), made(before, after, units=[n // 3 for n in range(12)])
    assert apart.robust == together.robust == 0.5
    assert apart.robust_interval == wilson(6, 12)
    assert together.robust_interval == pytest.approx(wilson(2, 4), abs=0.3)
    assert apart.robust_interval
    assert together.robust_interval
    low, high = together.robust_interval
    assert high - low > apart.robust_interval[1] - apart.robust_interval[0]
    all_kept = made(before, before, units=[n // 3 for n in range(12)])
    assert all_kept.robust_interval == wilson(4, 4)


def test_holms_correction() -> None:
    strong = made([1] * 12 + [0], [0] * 12 + [0])
    weak = made([1, 1, 0], [0, 1, 0])
    none = made([1], [1], "negated")
    first, second, third = corrected([strong, weak, none])
    assert first.score
    assert second.score
    assert strong.score
    assert math.isnan(strong.score.corrected)
    assert first.score.corrected == pytest.approx(2 * strong.score.p)
    assert second.score.corrected == 1.0
    assert third.score is None


def test_the_mean_of_all_rows() -> None:
    mean, interval = mean_score(verdicts(1, 0, 1, 1), range(4))
    assert mean == 0.75
    assert interval == wilson(3, 4)
