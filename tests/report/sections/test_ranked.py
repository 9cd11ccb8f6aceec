"""PR and ROC curves against scikit-learn, and of what has none."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from bertkit.report.sections import ranked
from bertkit.report.sections.ranked import LabelProbabilities
from bertkit.tasks.task import Verdict
from tests.helpers import make, messages


def drawn_by_lot(rows: int, labels: int, *, several: bool = False) -> LabelProbabilities:
    rng = np.random.default_rng(rows + labels)
    values = rng.random((rows, labels)).round(2)  # with ties
    has = rng.random((rows, labels)) < 0.3 if several else np.eye(labels, dtype=bool)[rng.integers(labels, size=rows)]
    return LabelProbabilities([f"label {n}" for n in range(labels)], values, has)


@pytest.mark.parametrize(("rows", "labels", "several"), [(60, 4, False), (200, 3, True), (2000, 150, False)])
def test_figures_are_those_of_scikit_learn(rows: int, labels: int, several: bool) -> None:
    found = drawn_by_lot(rows, labels, several=several)
    curves = ranked.curves_of(found)
    assert [one.name for one in curves.labels] == found.names
    for number, one in enumerate(curves.labels):
        has, own = found.has[:, number], found.values[:, number]
        assert one.average_precision == pytest.approx(average_precision_score(has, own))
        assert one.area == pytest.approx(roc_auc_score(has, own))
        assert one.rows == has.sum()
    assert curves.micro is not None
    average = average_precision_score(found.has, found.values, average="micro")
    assert curves.micro.average_precision == pytest.approx(average)
    assert curves.micro.area == pytest.approx(roc_auc_score(found.has, found.values, average="micro"))


def test_points_are_those_of_scikit_learn() -> None:
    found = drawn_by_lot(50, 3)
    one = ranked.curves_of(found).labels[0]
    precision, recall, _ = precision_recall_curve(found.has[:, 0], found.values[:, 0])
    np.testing.assert_allclose(one.recall[1:], recall[:-1][::-1])
    np.testing.assert_allclose(one.precision[1:], precision[:-1][::-1])
    assert one.false_positives[-1] == 1.0


def test_of_two_labels_the_second_has_the_curve() -> None:
    found = drawn_by_lot(40, 2)
    curves = ranked.curves_of(found)
    assert [one.name for one in curves.labels] == ["label 1"]
    assert curves.micro is None
    assert len(ranked.curves_of(drawn_by_lot(40, 2, several=True)).labels) == 2


def test_a_label_of_all_rows_or_of_none_has_no_curve() -> None:
    found = LabelProbabilities(["a", "b"], np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[True, False]] * 2))
    assert ranked.curves_of(found) == ([], None)
    assert ranked.drawn(ranked.curves_of(found)) == []


def test_a_perfect_order_and_its_opposite() -> None:
    has, order = np.array([True, True, False, False]), np.array([0.9, 0.8, 0.2, 0.1])
    best, worst = ranked.curve("a", order, has), ranked.curve("a", -order, has)
    assert best is not None and worst is not None
    assert (best.average_precision, best.area) == (1.0, 1.0)
    assert (worst.average_precision, worst.area) == (pytest.approx((1 / 3 + 1 / 2) / 2), 0.0)


def verdict(*names: str) -> Verdict:
    own = frozenset((name,) for name in names)
    return Verdict("t", ", ".join(names), "", 1.0, 0.5, own, own)


def answer(**shares: float) -> dict[str, Any]:
    return {"probabilities": shares}


def test_probabilities_come_from_the_candidates() -> None:
    task = make("classify", {})
    answers = [answer(a=0.7, b=0.3), answer(a=0.4, b=0.6)]
    found = ranked.probabilities_of(task, answers, [verdict("b"), verdict("a", "b")])
    assert found is not None
    assert found.names == ["a", "b"]
    assert found.values.tolist() == [[0.7, 0.3], [0.4, 0.6]]
    assert found.has.tolist() == [[False, True], [True, True]]


@pytest.mark.parametrize(
    ("answers", "verdicts"),
    [
        ([], []),
        ([answer(a=1.0)], [Verdict("t", "1", "2", -1.0)]),  # no labels
        ([answer(PER=1.0)], [Verdict("t", "", "", 1.0, None, frozenset({("PER", 0, 2)}))]),  # entities
        ([answer()], [verdict("a")]),  # no candidates
        ([answer(a=0.5), answer(b=0.5)], [verdict("a"), verdict("b")]),  # not the same labels in each row
        ([answer(a=0.5)], [verdict("c")]),  # a label that is no candidate
        ([answer(a=float("nan"))], [verdict("a")]),
    ],
)
def test_what_has_no_probabilities_of_labels(answers: list[Any], verdicts: list[Verdict]) -> None:
    assert ranked.probabilities_of(make("classify", {}), answers, verdicts) is None


def test_a_users_task_that_fails_has_no_curves(caplog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    found = ranked.probabilities_of(make("classify", {}), [{}], [verdict("a")])
    assert found is None
    assert "no PR and ROC curves: candidates of the task failed (KeyError: 'probabilities')" in messages(caplog)


def test_long_curves_are_thinned_with_both_ends() -> None:
    x = np.linspace(0, 1, 50_000)
    xs, ys = ranked._thinned(x, x**2)
    assert len(xs) <= ranked.POINTS + 1
    assert (xs[0], ys[0], xs[-1], ys[-1]) == (0.0, 0.0, 1.0, 1.0)
    np.testing.assert_allclose(ys, np.square(xs))


def test_of_many_labels_the_worst_are_drawn() -> None:
    few, many = (ranked.drawn(ranked.curves_of(drawn_by_lot(300, labels))) for labels in (4, 12))
    assert "shown" not in few[0][1]
    assert "Of 12 labels, the 5 with the lowest average precision are shown." in many[0][1]
