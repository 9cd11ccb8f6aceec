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
    options: dict[str, Any] = {"rows": size + 2, "same_tokens": [True] + [False] * (size - 1), "same": [True] * size}
    options |= {"verdicts": (verdicts(*before), verdicts(*after)), "units": range(size), **others}
    return effect(one, **options)


def test_counts_and_shares() -> None:
    found = made([1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 1, 0], same=[True] * 4 + [False] * 2)
    assert (found.changed, found.unchanged, found.same_tokens) == (6, 2, 1)
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
