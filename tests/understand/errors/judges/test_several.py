"""Several labels per row: a label too much and one that is missing are found, and corrected together."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bertkit.understand.errors.judges.several import SeveralJudge
from tests.understand.errors.made import beliefs_of, pool_of

NAMES = ["a", "b"]


def made(count: int = 80) -> tuple[list[list[str]], list[list[float]]]:
    """Rows with a, with b, with both and with none, and beliefs that are sure of that."""
    answers = [[n for n, there in zip(NAMES, (row % 2, row // 2 % 2), strict=True) if there] for row in range(count)]
    likely = [[0.95 if name in row else 0.03 for name in NAMES] for row in answers]
    return answers, likely


def test_missing_labels_and_those_too_much() -> None:
    answers, likely = made()
    answers[4], answers[7] = ["a"], ["a"]  # 4 has none, 7 has both
    judge = SeveralJudge(pool_of("labels", answers))
    beliefs = beliefs_of(*likely)
    found = judge.find(beliefs)
    by_row = {one.row: one for one in found.suspects}
    assert set(by_row) == {4, 7}
    assert (json.loads(by_row[4].given), json.loads(by_row[4].suggested)) == (["a"], [])
    assert (json.loads(by_row[7].given), json.loads(by_row[7].suggested)) == (["a"], ["a", "b"])
    assert by_row[4].shown == ("a", "no label")
    assert by_row[7].pairs == (("without b", "with b"),)
    assert by_row[4].doubt == pytest.approx(0.97)
    assert (judge.written(7), judge.shown(7), judge.shown(0)) == ('["a"]', "a", "no label")


def test_planted_labels_are_found_by_the_cut_of_their_label() -> None:
    answers, likely = made(200)
    answers[8], answers[11] = ["a", "b"], []
    judge = SeveralJudge(pool_of("labels", answers))
    beliefs = beliefs_of(*likely)
    judge.find(beliefs)
    for flips in ("similar", "any"):
        planted = judge.plant(beliefs, flips, 0.2, np.random.default_rng(0))
        assert len(planted.doubts) == 40
        assert planted.found.mean() > 0.4
        assert not planted.found[planted.doubts < 0.5].any()


def test_a_rare_label_is_not_judged() -> None:
    answers, likely = made()
    answers[4] = ["a"]
    found = SeveralJudge(pool_of("labels", answers), frozenset({"a"})).find(beliefs_of(*likely))
    assert found.suspects == []


def test_a_label_that_models_never_give_is_not_judged() -> None:
    answers, likely = made()
    judge = SeveralJudge(pool_of("labels", answers))
    assert min(judge.confirmed(beliefs_of(*likely)).values()) > 0.5
    never = [[0.1, *row[1:]] for row in likely]
    judge.set_aside(beliefs_of(*never))
    assert (judge.unknown, judge.judged.tolist()[0]) == ({judge.names[0]}, False)
    assert all(
        judge.names[0] in one.given or judge.names[0] not in one.suggested
        for one in judge.find(beliefs_of(*never)).suspects
    )


def test_calibration_softens_each_label() -> None:
    answers = [["a"], ["a"], ["a"], []] * 20
    judge = SeveralJudge(pool_of("labels", answers))
    (one,) = judge.calibrated(beliefs_of(*[[0.95]] * 80), range(80), beliefs_of([0.95]))
    assert one.values[0, 0] == pytest.approx(0.75, abs=0.01)
