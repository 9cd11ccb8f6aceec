"""The threshold of frequent questions: hand-made outcomes, and an index that is asked."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.errors import DataError
from bertkit.search.index.faq import Outcome, outcomes, rates, tuned
from bertkit.search.index.index import Index
from tests.search.index.conftest import TEXTS

SCORES = [0.9, 0.8, 0.7, 0.6, 0.5]
ANSWERS = ["a", "b", None, "c", None]
FOUND = Outcome(SCORES, [True, True, False, True, False])


def test_rates_by_hand() -> None:
    assert rates(FOUND, ANSWERS, 0.65) == (0.65, 2 / 3, 0.0, 0.5)
    assert rates(FOUND, ANSWERS, 0.0) == (0.0, 1.0, 0.0, 1.0)
    wrong = Outcome(SCORES, [True, False, False, True, False])
    assert rates(wrong, ANSWERS, 0.75) == (0.75, 1 / 3, 1 / 3, 0.0)


def test_the_threshold_has_the_most_right_outcomes() -> None:
    """Above 0.75 two answers are right and two refusals: four. Above 0.55 three and one: four too; the higher wins."""
    assert tuned(FOUND, ANSWERS) == pytest.approx(0.75)


@pytest.mark.parametrize("seed", range(20))
def test_no_other_threshold_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 8, 30) / 10
    answers = ["a" if one else None for one in rng.integers(0, 2, 30)]
    right = [answer is not None and bool(rng.integers(0, 2)) for answer in answers]
    found = Outcome(scores.tolist(), right)

    def outcomes_of(threshold: float) -> int:
        given = scores >= threshold
        return sum(r if g else a is None for g, r, a in zip(given, right, answers, strict=True))

    best = max(outcomes_of(threshold) for threshold in np.linspace(-0.05, 1.05, 111))
    assert outcomes_of(tuned(found, answers)) == best


@pytest.mark.parametrize(("answers", "said"), [(["a", "b"], "all questions have"), ([None, None], "no question has")])
def test_questions_of_one_kind_alone(answers: list[str | None], said: str) -> None:
    with pytest.raises(DataError, match=said):
        tuned(Outcome([0.5, 0.6], [False, False]), answers)


def test_an_index_is_asked(address: str) -> None:
    index = Index.open(address)
    found = outcomes(index, [TEXTS["d4"], TEXTS["d5"], TEXTS["d1"]], ["zh", "zh", None], "lang")
    assert found.scores == pytest.approx([1, 1, 1], abs=1e-5)
    assert found.right == [True, False, False]
