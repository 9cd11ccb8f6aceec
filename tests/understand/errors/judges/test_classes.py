"""Labels and choices: flipped ones are found, agreeing and rare ones are left, and what is planted is as it says."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.understand.errors.judges.classes import ClassJudge
from bertkit.understand.errors.judges.judge import Belief
from tests.understand.errors.made import beliefs_of, noisy, pool_of


def test_flipped_labels_are_found_and_the_right_one_is_suggested() -> None:
    given, beliefs, flipped = noisy(200, 10)
    found = ClassJudge(pool_of("label", given)).find(beliefs)
    assert {one.row for one in found.suspects} == set(flipped)
    for one in found.suspects:
        best = "abc"[int(beliefs[one.row].values.argmax())]
        assert (one.given, one.suggested, one.pairs) == (given[one.row], best, ((given[one.row], best),))
        assert one.doubt == pytest.approx(1 - beliefs[one.row].values[0, "abc".index(one.given)])
        assert one.confidence == pytest.approx(beliefs[one.row].values.max())
    doubts = [one.doubt for one in found.suspects]
    assert doubts == sorted(doubts, reverse=True)
    assert found.doubts[: len(doubts)].tolist() == pytest.approx(doubts)
    assert found.units == 200


def test_clean_labels_have_no_suspects() -> None:
    given, beliefs, _ = noisy(200, 0)
    found = ClassJudge(pool_of("label", given)).find(beliefs)
    assert found.suspects == []
    assert found.doubts.size == 0


def test_a_label_that_no_model_can_know_is_not_judged() -> None:
    """Its rows would all be suspects: no model that judges them has seen the label."""
    given, beliefs, flipped = noisy(200, 5)
    beliefs = [Belief(np.append(one.values[0], 0.0)[None]) for one in beliefs]
    rows = [*given, "d", "d"]
    beliefs += beliefs_of([0.9, 0.05, 0.05, 0.0], [0.9, 0.05, 0.05, 0.0])
    pool = pool_of("label", rows)
    found = ClassJudge(pool, frozenset({"d"})).find(beliefs)
    assert {one.row for one in found.suspects} == set(flipped)
    assert found.units == 200
    assert found.of_row[-2:].tolist() == [0.0, 0.0]
    judge = ClassJudge(pool, frozenset({"d"}))
    judge.find(beliefs)
    planted = judge.plant(beliefs, "any", 0.5, np.random.default_rng(0))
    assert len(planted.doubts) == 100
    assert (planted.doubts < 1).all()  # none is the label d, whose probability is 0


def test_a_label_that_models_never_give_is_not_judged() -> None:
    given, beliefs, flipped = noisy(200, 5)
    rows = [*given, *["d"] * 10]
    beliefs = [Belief(np.append(one.values[0], 0.0)[None]) for one in beliefs] + beliefs_of(
        *[[0.9, 0.05, 0.05, 0]] * 10
    )
    judge = ClassJudge(pool_of("label", rows))
    assert judge.confirmed(beliefs)["d"] == 0
    judge.set_aside(beliefs)
    assert (judge.unknown, judge.skipped) == ({"d"}, {"d"})
    assert {one.row for one in judge.find(beliefs).suspects} == set(flipped)

    two = ClassJudge(pool_of("label", ["a"] * 90 + ["b"] * 10))
    never = beliefs_of(*[[0.9, 0.1]] * 100)
    two.set_aside(never)
    assert (two.unknown, two.find(never).suspects) == ({"b"}, [])  # one class is left


def test_only_rare_labels_are_no_error() -> None:
    pool = pool_of("label", ["a", "b"])
    found = ClassJudge(pool, frozenset({"a", "b"})).find(beliefs_of([0.2, 0.8], [0.8, 0.2]))
    assert (found.suspects, found.units) == ([], 0)


def test_planted_labels_are_judged_by_the_same_cut() -> None:
    given, beliefs, _ = noisy(400, 20)
    judge = ClassJudge(pool_of("label", given))
    found = judge.find(beliefs)
    cut = found.suspects[-1].doubt
    for flips in ("similar", "any"):
        planted = judge.plant(beliefs, flips, 0.1, np.random.default_rng(1))
        assert len(planted.doubts) == 40
        assert planted.found.tolist() == (planted.doubts >= cut).tolist()
        assert planted.found.mean() > 0.8


def test_similar_labels_are_those_that_models_confuse() -> None:
    """Every model holds b for likely where a is right: there, a is flipped to b; any other label may be c too."""
    given = ["a"] * 60 + ["b"] * 60 + ["c"] * 60
    beliefs = beliefs_of(*[[0.6, 0.4, 0.0]] * 60, *[[0.4, 0.6, 0.0]] * 60, *[[0.0, 0.0, 1.0]] * 60)
    judge = ClassJudge(pool_of("label", given))
    judge.find(beliefs)
    draw = np.random.default_rng(2)
    similar = judge.plant(beliefs, "similar", 0.5, draw).doubts
    assert np.unique(similar).tolist() == pytest.approx([0.6])
    assert len(similar) < 90  # c is confused with nothing
    assert {round(one, 6) for one in judge.plant(beliefs, "any", 0.5, draw).doubts.tolist()} == {0.6, 1.0}


def test_choices_have_classes_of_their_own_in_each_row() -> None:
    choices = [["x", "y", "z"], ["p", "q"], ["r", "s"]] * 20
    answers = [0, 1, 0] * 20
    answers[4] = 0
    likely = [[0.9, 0.05, 0.05], [0.04, 0.96], [0.9, 0.1]] * 20
    judge = ClassJudge(pool_of("choice", answers, choices=choices))
    beliefs = beliefs_of(*likely)
    found = judge.find(beliefs)
    assert [(one.row, one.given, one.suggested, one.shown) for one in found.suspects] == [(4, "0", "1", ("p", "q"))]
    planted = judge.plant(beliefs, "any", 0.5, np.random.default_rng(0))
    assert set(planted.doubts.round(6)) <= {0.95, 0.96, 0.9, -np.inf}  # of row 4 the right choice may be planted
    assert (judge.written(4), judge.shown(4)) == ("0", choices[4][0])
    assert judge.plant(beliefs, "similar", 1.0, np.random.default_rng(0)).found.any()


def test_calibration_is_by_held_rows() -> None:
    """Beliefs of 0.9 that are right in three of four cases become less sure."""
    held = beliefs_of(*[[0.9, 0.1]] * 80)
    given = ["a", "a", "a", "b"] * 20
    judge = ClassJudge(pool_of("label", given))
    (one,) = judge.calibrated(held, range(80), beliefs_of([0.9, 0.1]))
    assert one.values[0, 0] == pytest.approx(0.75, abs=0.01)
    (same,) = judge.calibrated([], [], beliefs_of([0.9, 0.1]))
    assert same.values[0].tolist() == pytest.approx([0.9, 0.1])


def test_one_judged_class_alone_has_no_suspects() -> None:
    pool = pool_of("label", ["a"] * 20 + ["b"] * 2)
    found = ClassJudge(pool, frozenset({"b"})).find(beliefs_of(*[[0.9, 0.1]] * 20, *[[0.5, 0.5]] * 2))
    assert (found.suspects, found.units) == ([], 20)
    assert ClassJudge(pool_of("label", ["a"] * 5)).find(beliefs_of(*[[1.0]] * 5)).suspects == []
