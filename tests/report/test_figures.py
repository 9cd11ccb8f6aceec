"""What is reckoned from verdicts: figures that can be counted by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from bertkit.metrics.classification import calibration_error
from bertkit.report import figures
from bertkit.tasks.task import Verdict


def label(right: str, given: str, confidence: float | None = None, text: str = "t") -> Verdict:
    sets = frozenset({(right,)}), frozenset({(given,)})
    return Verdict(text, right, given, float(right == given), confidence, *sets)


def entities(wanted: set[tuple], found: set[tuple]) -> Verdict:
    return Verdict("t", "", "", 0.5, None, frozenset(wanted), frozenset(found))


def test_figures_by_class() -> None:
    rows = [label("b", "b"), label("b", "a"), label("a", "a"), label("a", "a"), label("c", "a"), label("a", "d")]
    found = figures.per_class(rows)
    right, given = [v.expected for v in rows], [v.predicted for v in rows]
    expected = precision_recall_fscore_support(right, given, labels=["a", "b", "c", "d"], zero_division=0)
    assert [one.name for one in found] == ["a", "b", "c", "d"]
    np.testing.assert_allclose([one[1:5] for one in found], np.transpose(expected))
    assert [one.predicted for one in found] == [4, 1, 0, 1]
    assert figures.per_class([]) == figures.per_class([Verdict("t", "1", "2", -1.0)]) == []


def test_entities_count_each() -> None:
    rows = [entities({("PER", 0, 2), ("PER", 3, 4)}, {("PER", 0, 2), ("LOC", 3, 4)}), entities(set(), {("PER", 0, 1)})]
    loc, per = figures.per_class(rows)
    assert loc == ("LOC", 0.0, 0.0, 0.0, 0, 1)
    assert per == ("PER", 0.5, 0.5, 0.5, 2, 2)
    assert figures.confusions(rows) == {}


def test_confusions() -> None:
    rows = [label("a", "a"), label("a", "b"), label("a", "b"), label("b", "a"), label("c", "c")]
    counts = figures.confusions(rows)
    assert counts == {("a", "a"): 1, ("a", "b"): 2, ("b", "a"): 1, ("c", "c"): 1}
    assert figures.totals_of(counts) == {"a": 3, "b": 1, "c": 1}
    assert figures.most_confused(counts, 5) == [("a", "b", 2, pytest.approx(2 / 3)), ("b", "a", 1, 1.0)]
    assert figures.most_confused(counts, 1) == [("a", "b", 2, pytest.approx(2 / 3))]


def test_several_labels_a_row_or_none_have_no_confusions() -> None:
    assert figures.confusions([label("a", "a"), entities({("a",), ("b",)}, {("a",)})]) == {}
    assert figures.confusions([entities({("a",)}, set())]) == {}
    assert figures.confusions([]) == {}


def test_calibration_agrees_with_the_metric() -> None:
    found = figures.calibration([(0.95, True), (0.95, False), (0.6, True)])
    assert found is not None
    low, high = found.bins
    assert low == (1, 0.6, 1.0)
    assert (high.decisions, high.confidence, high.accuracy) == (2, pytest.approx(0.95), 0.5)
    shares = np.array([[0.95, 0.05], [0.05, 0.95], [0.4, 0.6]])
    assert found.error == pytest.approx(calibration_error(shares, np.array([0, 0, 1])))
    assert figures.calibration([]) is None


def test_by_length() -> None:
    rows = [Verdict("x" * n, "", "", float(n <= 4)) for n in (1, 2, 3, 4, 10, 20, 30, 40)]
    short, long = figures.by_length(rows, 2)
    assert short == (1, 4, 4, 1.0, 0.0)
    assert long == (10, 40, 4, 0.0, 0.0)
    (mixed,) = figures.by_length([label("a", "a"), label("a", "b")], 6)  # one length, one bin
    assert mixed[:4] == (1, 1, 2, 0.5)
    assert mixed.margin == pytest.approx(1.96 * 0.5**0.5 / 2**0.5)
    assert figures.by_length([label("a", "b", text="")])[0] == (0, 0, 1, 0.0, 0.0)
    assert figures.by_length([]) == []


def test_every_row_stands_in_one_length() -> None:
    rng = np.random.default_rng(0)
    rows = [Verdict("x" * int(n), "", "", 1.0) for n in rng.integers(0, 400, 997)]
    found = figures.by_length(rows)
    assert sum(one.rows for one in found) == 997
    assert len(found) == figures.LENGTHS
    assert max(one.rows for one in found) - min(one.rows for one in found) < 20
    assert all(a.longest < b.shortest for a, b in pairwise(found))


def test_mistakes() -> None:
    rows = [label("a", "b", 0.6), label("a", "a", 0.99), label("a", "b", 0.9), Verdict("t", "", "", 0.5, 0.9)]
    assert [row for row, _ in figures.mistakes(rows, 9)] == [2, 3, 0]
    assert [row for row, _ in figures.mistakes(rows, 1)] == [2]
    numbers = [Verdict("t", "1", "2", -1.0), Verdict("t", "1", "1", -0.0), Verdict("t", "1", "4", -3.0)]
    assert [row for row, _ in figures.mistakes(numbers, 9, best=0.0)] == [2, 0]
