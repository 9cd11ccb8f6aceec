"""Deletion and insertion curves: known answers of a bag of words, and intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertkit import Run
from bertkit.understand.explain.faithful import SHARES, Curves, curves, faithfulness
from tests.understand.explain.test_variants import explained
from tests.understand.explained import bag_of_words

KEYS = [(kind, how) for kind in ("deletion", "insertion") for how in ("removal", "mask")]


@pytest.fixture
def whole(tiny_run: Run) -> Any:
    predictor = bag_of_words(tiny_run, {"parcel": 4.0, "late": 1.0})
    return explained(predictor, {"text": "the parcel is late again"})


def test_the_right_order_of_a_bag_of_words(whole: Any) -> None:
    found = curves([whole], [np.array([0, 4.0, 0, 1.0, 0])], (0, 1))
    assert found is not None
    for how in ("removal", "mask"):
        deletion, insertion = found.own["deletion", how], found.own["insertion", how]
        counts = [round(share * 5) for share in SHARES]
        assert deletion.tolist() == [{0: 0.0, 1: -4.0}.get(count, -5.0) for count in counts]
        assert insertion.tolist() == [{0: 0.0, 1: 4.0}.get(count, 5.0) for count in counts]
        assert (found.random["deletion", how] >= deletion).all()
        assert (found.random["insertion", how] <= insertion).all()


def test_the_wrong_order_is_worse_than_random(whole: Any) -> None:
    rows = [[one] for n in range(8) if (one := curves([whole], [-np.array([0, 4.0, 0, 1.0, 0])], (0, n)))]
    assert [one.better for one in faithfulness(rows)] == [False] * 4


def test_a_single_word_has_no_curve(tiny_run: Run) -> None:
    one = explained(bag_of_words(tiny_run, {"parcel": 4.0}), {"text": "parcel"})
    assert curves([one], [np.array([4.0])], (0, 1)) is None


def made(own: float, random: float) -> Curves:
    shape = np.linspace(0, 2, len(SHARES))
    return Curves(dict.fromkeys(KEYS, own * shape), dict.fromkeys(KEYS, random * shape))


def test_figures_are_means_over_the_curve_and_the_rows() -> None:
    found = faithfulness([[made(-1.0, -0.5)], [made(-3.0, -0.5), made(-1.0, -0.5)], [made(-1.5, -0.5)]])
    assert [(one.kind, one.how, one.rows) for one in found] == [(*key, 3) for key in KEYS]
    assert [one.own for one in found] == pytest.approx([-1.5] * 4)  # rows weigh alike, whatever their targets
    assert [one.difference for one in found] == pytest.approx([-1.0] * 4)
    assert found[0].curve[-1] == pytest.approx(-3.0)


def test_intervals_are_those_of_students_t() -> None:
    """Differences -1, -2 and -3: mean -2, standard error 0.577, t 4.303."""
    first = faithfulness([[made(-1.0, 0.0)], [made(-2.0, 0.0)], [made(-3.0, 0.0)]])[0]
    assert first.interval == pytest.approx((-2 - 2.484, -2 + 2.484), abs=1e-3)
    assert first.better is None
    many = faithfulness([[made(-1.0 - n / 10, 0.0)] for n in range(9)])
    assert [one.better for one in many] == [True, True, False, False]


def test_few_rows_have_no_interval() -> None:
    (first, *_) = faithfulness([[made(-1.0, -0.5)], [made(-1.0, -0.5)], []])
    assert first.interval is None
    assert first.better is None
    assert faithfulness([[], []]) == []
