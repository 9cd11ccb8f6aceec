"""Paired tests against scipy, a textbook's figure and every exchange written out."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from bertkit.errors import PluginError
from bertkit.metrics import METRICS, Metric, paired
from bertkit.metrics.metric import means
from bertkit.metrics.paired import Effort, differences, holm, mcnemar

ACTUAL = np.array([0, 0, 1, 1, 2, 2, 2, 0, 1, 2])
ONE = np.array([0, 0, 1, 1, 2, 2, 0, 0, 1, 1])
OTHER = np.array([0, 1, 1, 0, 2, 0, 0, 0, 1, 2])


@pytest.mark.parametrize("counts", itertools.product((0, 1, 3, 10, 41), repeat=2))
def test_mcnemar_is_the_binomial_test(counts: tuple[int, int]) -> None:
    if sum(counts):
        assert mcnemar(*counts) == pytest.approx(binomtest(counts[0], sum(counts)).pvalue)
    else:
        assert mcnemar(0, 0) == 1


def test_mcnemar_of_the_approval_ratings() -> None:
    """Agresti 1990, p. 350: 150 of 1600 people changed their mind one way and 86 the other."""
    assert mcnemar(150, 86) == pytest.approx(3.716e-05, rel=1e-3)


def test_accuracy_is_tested_by_mcnemar() -> None:
    (difference,) = differences(METRICS["accuracy"], ONE, OTHER, ACTUAL)
    assert (difference.one, difference.other) == (0.8, pytest.approx(0.6))
    assert difference.test == "McNemar, exact"
    only_one, only_other = ((ONE == ACTUAL) & (OTHER != ACTUAL)).sum(), ((ONE != ACTUAL) & (OTHER == ACTUAL)).sum()
    assert (only_one, only_other) == (3, 1)
    assert difference.p == pytest.approx(binomtest(1, 4).pvalue)


def test_several_labels_a_row_and_two_figures_of_one_metric() -> None:
    rows = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    (difference,) = differences(METRICS["accuracy"], rows, 1 - rows, rows)
    assert difference.p == pytest.approx(binomtest(0, 4).pvalue)
    both = differences(METRICS["glue/mrpc"], [0, 1, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0])
    assert {d.figure: d.test for d in both} == {"f1": "randomisation, all 2 exchanges", "accuracy": "McNemar, exact"}


def test_an_accuracy_that_is_something_else_is_not_tested_by_mcnemar() -> None:
    own = Metric("accuracy", lambda predictions, references: float(predictions[0] == references[0]), "labels")
    (difference,) = differences(own, ONE, OTHER, ACTUAL)
    assert difference.test.startswith("randomisation")


def errors_per_row(predictions: np.ndarray, references: np.ndarray) -> np.ndarray:
    return predictions != references


def own_metric(**parts: Any) -> Metric:
    """A user's metric: the share of wrong rows, in percent."""
    return Metric("wrong", lambda p, r: 100 * float((p != r).mean()), "labels", greater_is_better=False, **parts)


def test_a_users_metric_without_parts_is_randomised() -> None:
    (difference,) = differences(own_metric(), ONE, OTHER, ACTUAL)
    assert (difference.figure, difference.difference) == ("wrong", pytest.approx(20))
    assert difference.test == "randomisation, all 16 exchanges"
    assert difference.p == pytest.approx(10 / 16)  # a difference of 2, 4, -2 or -4 rows: all but the 6 of no difference


def test_a_users_share_of_rows_is_tested_by_mcnemar() -> None:
    own = own_metric(per_row=errors_per_row, finish=means("wrong", scale=100))
    (difference,) = differences(own, ONE, OTHER, ACTUAL)
    assert (difference.test, difference.p) == ("McNemar, exact", pytest.approx(binomtest(1, 4).pvalue))
    assert not difference.greater_is_better


def test_a_users_sums_are_randomised_by_sums() -> None:
    """A mean of costs is no share of right rows; a square of the mean is none of rows at all."""
    costs = np.array([0.0, 2.0, 1.0])

    def per_row(predictions: np.ndarray, references: np.ndarray) -> np.ndarray:
        return costs[abs(predictions - references)]

    def cost(predictions: np.ndarray, references: np.ndarray) -> float:
        return float(per_row(predictions, references).mean())

    for finish, function in (
        (None, cost),
        (lambda sums, rows: {"cost": (sums[:, 0] / rows) ** 2}, lambda p, r: cost(p, r) ** 2),
    ):
        by_sums = differences(Metric("cost", function, "labels", per_row=per_row, finish=finish), ONE, OTHER, ACTUAL)
        by_calls = differences(Metric("cost", function, "labels"), ONE, OTHER, ACTUAL)
        assert by_sums[0].test == "randomisation, all 16 exchanges"
        assert by_sums[0].p == by_calls[0].p
        assert by_sums[0].interval == pytest.approx(by_calls[0].interval)


def test_parts_that_do_not_give_the_figures_are_an_error() -> None:
    with pytest.raises(PluginError, match=r"metric wrong  wrong is 20, but 0.2 by per_row and finish"):
        differences(own_metric(per_row=errors_per_row), ONE, OTHER, ACTUAL)


def test_figures_without_intervals_are_not_compared() -> None:
    assert differences(own_metric(bootstrap="none"), ONE, OTHER, ACTUAL) == []
    figures = differences(METRICS["squad_v2"], ["cat", "dog"], ["cat", "cat"], [["cat"], ["dog"]], Effort(10))
    assert [difference.figure for difference in figures] == ["exact", "f1"]


def test_intervals_of_differences_keep_rare_labels() -> None:
    """A model that never finds a label of two rows in a hundred against one that finds one of them.

    A resample without these rows has no difference. Were the label left out of its means, both models would gain.
    """
    actual = np.repeat([0, 1, 2], [60, 38, 2])
    one, other = np.where(actual == 2, 0, actual), np.where(np.arange(100) == 99, 0, actual)
    (difference,) = differences(METRICS["macro_f1"], one, other, actual)
    low, high = difference.interval
    assert low == 0
    assert difference.difference < high < 0.36  # about the label's share of the mean


def test_intervals_of_differences_of_calibration() -> None:
    """Two calibrated models do not differ; an overconfident one is clearly worse. The interval holds the difference."""
    draw = np.random.default_rng(4)
    second = draw.uniform(0.05, 0.95, size=400)
    actual = (draw.uniform(size=400) < second).astype(int)
    calibrated, other, sure = (
        np.stack([1 - p, p], axis=1)
        for p in (second, np.clip(second + draw.normal(scale=0.01, size=400), 0, 1), np.round(second))
    )
    (same,) = differences(METRICS["calibration_error"], calibrated, other, actual, Effort(shuffles=200))
    (worse,) = differences(METRICS["calibration_error"], calibrated, sure, actual, Effort(shuffles=200))
    assert same.interval[0] < 0 < same.interval[1]
    assert 0 < worse.interval[0] < worse.difference < worse.interval[1]


@pytest.mark.parametrize("name", ["macro_f1", "matthews", "weighted_precision"])
def test_all_exchanges_are_gone_through_where_few_rows_differ(name: str) -> None:
    metric = METRICS[name]
    seen = abs(metric(OTHER, ACTUAL)[name] - metric(ONE, ACTUAL)[name])
    as_large = 0
    for swap in itertools.product((False, True), repeat=len(ACTUAL)):  # also of rows that do not differ
        a, b = np.where(swap, OTHER, ONE), np.where(swap, ONE, OTHER)
        as_large += abs(metric(b, ACTUAL)[name] - metric(a, ACTUAL)[name]) >= seen - 1e-12
    (difference,) = differences(metric, ONE, OTHER, ACTUAL)
    assert difference.p == pytest.approx(as_large / 2 ** len(ACTUAL))
    assert difference.test == "randomisation, all 16 exchanges"


def test_shuffles_come_near_the_exact_p(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    actual = generator.normal(size=12)
    one, other = (actual + generator.normal(scale=scale, size=12) for scale in (1.0, 1.5))
    (exact,) = differences(METRICS["mae"], one, other, actual)
    monkeypatch.setattr(paired, "ENOUGH", 10_000)
    (drawn,) = differences(METRICS["mae"], one, other, actual, Effort(shuffles=4000))
    assert exact.test == "randomisation, all 4,096 exchanges"
    assert drawn.test == "randomisation, 4,000 shuffles"
    assert 0.01 < exact.p < 0.99
    assert drawn.p == pytest.approx(exact.p, abs=0.03)
    assert not exact.greater_is_better


def test_the_smallest_p_of_shuffles_counts_what_was_seen() -> None:
    actual = np.tile([0, 1], 40)
    (difference,) = differences(METRICS["macro_f1"], actual, 1 - actual, actual, Effort(shuffles=999))
    assert difference.p == 1 / 1000
    assert difference.test == "randomisation, 999 shuffles"
    assert difference.interval == (-1, -1)


def test_shuffles_end_early_where_there_is_no_difference() -> None:
    generator = np.random.default_rng(2)
    actual = generator.integers(3, size=200)
    one, other = (np.where(generator.random(200) < 0.3, 0, actual) for _ in range(2))
    (difference,) = differences(METRICS["macro_f1"], one, other, actual)
    assert difference.p > 0.05
    made = int(difference.test.split()[1].replace(",", ""))
    assert paired.ENOUGH <= made < paired.SHUFFLES


def test_a_slow_metric_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paired, "SECONDS", 0.0)
    actual = np.tile([0, 1], 40)
    (difference,) = differences(METRICS["macro_f1"], actual, 1 - actual, actual)
    assert difference.test == "randomisation, 1,000 shuffles"


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "auc", "mse", "squad", "entity_f1"])
def test_equal_models_do_not_differ(name: str) -> None:
    tags = [["B-PER", "O"], ["O", "B-LOC"]] * 5
    sides = {
        "auc": (np.eye(3)[ONE], ACTUAL),
        "squad": (["a cat", "dog"] * 5, [["cat"], ["a big dog"]] * 5),
        "entity_f1": (tags, tags[::-1]),
    }
    predictions, references = sides.get(name, (ONE, ACTUAL))
    for difference in differences(METRICS[name], predictions, predictions, references, Effort(samples=20)):
        assert (difference.difference, difference.interval, difference.p) == (0, (0, 0), 1)


def test_an_undefined_figure_has_no_p() -> None:
    rows = np.arange(20.0)
    (difference,) = differences(METRICS["pearson"], [1.0] * 20, rows, rows, Effort(20, 100))
    assert np.isnan([difference.difference, *difference.interval, difference.p]).all()


def test_intervals_are_of_the_same_rows_drawn_anew() -> None:
    """Two models whose errors are a constant apart differ by just that, however the rows are drawn."""
    actual = np.arange(40.0) ** 2
    (difference,) = differences(
        METRICS["mae"], actual + np.arange(40), actual + np.arange(40) + 2, actual, Effort(samples=50)
    )
    assert difference.interval == pytest.approx((2, 2))
    assert difference.difference == pytest.approx(2)


def test_differences_are_the_same_for_the_same_seed() -> None:
    generator = np.random.default_rng(3)
    actual, one, other = generator.integers(3, size=(3, 50))
    first, again, else_ = (
        differences(METRICS["macro_f1"], one, other, actual, Effort(seed=seed)) for seed in (0, 0, 1)
    )
    assert first == again
    assert first[0].interval != else_[0].interval


def _tags(generator: np.random.Generator, rows: int) -> list[list[str]]:
    return [list(generator.choice(["O", "O", "B-PER", "I-PER", "B-LOC"], size=5)) for _ in range(rows)]


@pytest.mark.parametrize("name", ["squad", "squad_v2", "cmrc2018", "entity_f1", "strict_entity_f1"])
def test_sums_give_what_calls_of_the_metric_give(name: str) -> None:
    generator = np.random.default_rng(4)
    if "entity" in name:
        one, other, actual = (_tags(generator, 25) for _ in range(3))
    else:
        texts = ["the cat", "a big dog", "dog", "cat and dog", "", "北京 大学", "北京"]
        one, other = ([str(text) for text in generator.choice(texts, size=25)] for _ in range(2))
        actual = [[str(text)] for text in generator.choice(texts[:4], size=25)]
    effort = Effort(30, 200)
    quick = differences(METRICS[name], one, other, actual, effort)
    called = {d.figure: d for d in differences(without_parts(METRICS[name]), one, other, actual, effort)}
    assert {d.figure for d in quick} == set(METRICS[name].keys)
    for a in quick:
        b = called[a.figure]
        if a.figure in ("exact_match", "exact", "EM"):
            assert a.test == "McNemar, exact"
        else:
            assert (a.p, a.test) == (b.p, b.test)
        assert a.interval == pytest.approx(b.interval)
        assert a.difference == pytest.approx(b.difference)


def without_parts(metric: Metric) -> Metric:
    return replace(metric, per_row=None, finish=None, bootstrap="rows")


def test_few_entities() -> None:
    tags = [["B-PER", "O"], ["O", "B-LOC"]]
    few = differences(METRICS["entity_f1"], tags, [["O", "O"]] * 2, tags, Effort(10))
    assert [d.difference for d in few] == [-1, -1, -1]
    assert few[0].p == 0.5  # two rows have four exchanges; two of them are as large


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([0.02, np.nan]) == pytest.approx([0.02, np.nan], nan_ok=True)
    assert holm([]) == []


def test_shuffles_of_many_rows_come_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from bertkit.metrics import paired

    monkeypatch.setattr(paired, "CELLS", 1000)
    blocks = [*paired._drawn(300, paired.Effort(samples=10, shuffles=10))]
    assert [one.shape for one in blocks] == [(3, 300)] * 3 + [(1, 300)]
    assert [one.shape[0] for one in paired._every(np.array([0, 1, 2]), 4)] == [8]
