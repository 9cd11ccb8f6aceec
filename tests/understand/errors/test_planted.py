"""What planted errors say of the list, against errors that are known: recall, and bounds of errors and precision."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bertkit.understand.errors.judges.classes import ClassJudge
from bertkit.understand.errors.judges.judge import Belief, Found
from bertkit.understand.errors.planted import LEAST_ROWS, _errors, trust_of
from tests.understand.errors.made import noisy, pool_of


def simulated(count: int, errors: int, seed: int) -> tuple[list[str], list[Belief], set[int]]:
    """Rows of ten classes whose models are right in nine of ten cases, more or less sure; with flipped labels."""
    draw = np.random.default_rng(seed)
    right = draw.integers(10, size=count)
    scores = draw.normal(0, 1, size=(count, 10))
    scores[np.arange(count), right] += draw.normal(5, 2.5, size=count)
    likely = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    flipped = draw.permutation(count)[:errors]
    given = right.copy()
    given[flipped] = (right[flipped] + draw.integers(1, 10, size=errors)) % 10
    return [str(label) for label in given], [Belief(row[None]) for row in likely], set(flipped.tolist())


@pytest.mark.parametrize("errors", [100, 300])
def test_recall_is_that_of_errors_of_this_kind_and_the_bounds_hold(errors: int) -> None:
    given, beliefs, flipped = simulated(3000, errors, seed=errors)
    judge = ClassJudge(pool_of("label", given))
    found = judge.find(beliefs)
    slips = next(one for one in trust_of(judge, found, beliefs) if one.flips == "any")
    hits = sum(one.row in flipped for one in found.suspects)
    recall, precision = hits / errors, hits / len(found.suspects)
    assert slips.recall == pytest.approx(recall, abs=0.06)
    assert slips.interval[0] - 0.05 < recall < slips.interval[1] + 0.05
    assert errors <= slips.errors < 1.6 * errors
    assert precision <= slips.precision < precision + 0.3
    assert slips.least < 1


def test_similar_errors_are_harder_to_find() -> None:
    given, beliefs, _ = simulated(3000, 100, seed=5)
    for row, belief in enumerate(beliefs):  # models hold the next class for likely too
        beliefs[row] = Belief((belief.values + 0.4 * np.roll(belief.values, 1, axis=1)) / 1.4)
    judge = ClassJudge(pool_of("label", given))
    similar, slips = trust_of(judge, judge.find(beliefs), beliefs)
    assert (similar.flips, slips.flips) == ("similar", "any")
    assert similar.recall < slips.recall


def test_clean_data_is_said_to_have_few_errors() -> None:
    given, beliefs, _ = simulated(3000, 0, seed=9)
    judge = ClassJudge(pool_of("label", given))
    found = judge.find(beliefs)
    slips = trust_of(judge, found, beliefs)[1]
    assert slips.errors < 0.02 * 3000 < len(found.doubts)  # that many answers differ


def test_the_same_seed_plants_the_same() -> None:
    given, beliefs, _ = noisy(300, 10)
    judge = ClassJudge(pool_of("label", given))
    found = judge.find(beliefs)
    once, again, other = ([one.record() for one in trust_of(judge, found, beliefs, seed=seed)] for seed in (3, 3, 4))
    assert once == again != other


def test_little_data_is_planted_again_and_again() -> None:
    given, beliefs, _ = noisy(40, 4)
    judge = ClassJudge(pool_of("label", given))
    similar, slips = trust_of(judge, judge.find(beliefs), beliefs)
    assert similar.planted == slips.planted == 40  # two a time, twenty times
    assert slips.interval[1] - slips.interval[0] > 0.05  # there are 40 labels, however often they are flipped
    assert math.isnan(slips.errors)
    assert math.isnan(slips.precision)
    assert slips.record()["interval"] == list(slips.interval)


def test_nothing_to_plant_says_nothing() -> None:
    pool = pool_of("label", ["a", "b"])
    judge = ClassJudge(pool, frozenset({"a", "b"}))
    beliefs = [Belief(np.array([[0.5, 0.5]]))] * 2
    first = trust_of(judge, judge.find(beliefs), beliefs)[0]
    assert first.planted == 0
    assert math.isnan(first.recall)
    assert first.lists == []


def test_the_bound_is_the_upper_limit_of_a_count_divided_by_a_recall() -> None:
    """Half of the planted errors are doubted more than the 20th row: 20 rows may be 29.06 (Garwood, one-sided 95%)."""
    doubts = np.linspace(1, 0, 101)
    planted = np.array([doubts[LEAST_ROWS - 1], 0.0])
    assert _errors(doubts[:LEAST_ROWS], planted) == pytest.approx(29.062 / 0.5, abs=0.01)
    assert math.isnan(_errors(doubts[:LEAST_ROWS], np.array([0.0, 0.0])))
    assert math.isnan(_errors(doubts[:5], planted))


def test_recalls_of_the_first_of_the_list() -> None:
    given, beliefs, _ = noisy(400, 60)
    judge = ClassJudge(pool_of("label", given))
    found: Found = judge.find(beliefs)
    lists = trust_of(judge, found, beliefs)[1].lists
    assert [part["rows"] for part in lists] == [10, 20, 50, len(found.suspects)]
    recalls = [part["recall"] for part in lists]
    assert recalls == sorted(recalls)
