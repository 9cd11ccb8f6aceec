import math
import time

import numpy as np
import pytest

from bertkit.errors import DataError
from bertkit.metrics import METRICS, Metric, intervals
from tests.metrics.recorded import sides


def test_same_seed_same_bounds():
    generator = np.random.default_rng(1)
    predictions, references = generator.integers(2, size=(2, 60))
    metric = METRICS["glue/mrpc"]
    bounds = intervals(metric, predictions, references, samples=200, seed=7)
    assert bounds == intervals(metric, predictions.tolist(), references.tolist(), samples=200, seed=7)
    assert bounds != intervals(metric, predictions, references, samples=200, seed=8)
    assert list(bounds) == ["f1", "accuracy"]
    for key, value in metric(predictions, references).items():
        assert bounds[key][0] < value < bounds[key][1]


def test_rare_labels_are_those_of_the_whole_set():
    """Two of a hundred rows have the third label, which is never found. Left out of resamples that lack it, the upper
    bound would be 1.000.

    The figure falls with the number of these rows, so its lower bound is that of a Poisson count of 2: 7.2 rows (exact)
    are 0.648. The plain percentile, 5 rows, is 0.653.
    """
    actual = np.repeat([0, 1, 2], [60, 38, 2])
    predicted = np.where(actual == 2, 0, actual)
    assert METRICS["macro_f1"](predicted, actual)["macro_f1"] == pytest.approx(0.661, abs=5e-4)
    low, high = intervals(METRICS["macro_f1"], predicted, actual)["macro_f1"]
    assert (low, high) == pytest.approx((0.648, 2 / 3), abs=2e-3)
    draws = np.random.default_rng(0).multinomial(100, [0.6, 0.38, 0.02], size=2000)
    values = METRICS["macro_f1"].weighted(np.array([0, 1, 0]), np.array([0, 1, 2]))(draws.astype(float))["macro_f1"]
    assert np.quantile(values, [0.025, 0.975]) == pytest.approx((0.653, 0.667), abs=1e-3)
    for name in ("macro_precision", "macro_recall", "auc"):
        sides = (np.eye(3)[predicted], actual) if name == "auc" else (predicted, actual)
        assert intervals(METRICS[name], *sides)[name][1] < 0.9, name


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.weighted])
def test_figures_of_resamples_are_those_of_the_function(name):
    """Drawn by how often, or drawn as rows and scored: the same, where every label is drawn."""
    metric = METRICS[name]
    one, _, actual = sides(name)
    predicted, actual = metric.checked(one, actual)
    draw = np.random.default_rng(2)
    kept = [at for at in draw.integers(60, size=(30, 60)) if set(actual[at]) == set(actual)] + [np.arange(60)]
    counts = np.stack([np.bincount(at, minlength=60) for at in kept]).astype(float)
    figures = metric.weighted(predicted, actual)(counts)
    assert list(figures) == list(metric.keys)
    for number, at in enumerate(kept):
        own = metric(predicted[at], actual[at])
        assert {key: figures[key][number] for key in figures} == pytest.approx(own)


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_several_labels_a_row_in_resamples(average):
    draw = np.random.default_rng(3)
    actual = draw.integers(2, size=(40, 4))
    predicted, at = actual ^ (draw.random((40, 4)) < 0.2), draw.integers(40, size=40)
    for figure in ("precision", "recall", "f1"):
        metric = METRICS[f"{average}_{figure}"]
        counts = np.bincount(at, minlength=40)[None].astype(float)
        ours = metric.weighted(predicted, actual)(counts)[metric.name]
        assert ours == pytest.approx(metric(predicted[at], actual[at])[metric.name])


def test_calibration_error_holds_itself_and_the_truth():
    """Of calibrated probabilities: 0. Percentiles of resamples miss even the figure itself in a tenth of the sets."""
    held = 0
    for number in range(60):
        draw = np.random.default_rng(number)
        second = draw.uniform(size=100)
        rows = np.stack([1 - second, second], axis=1), (draw.uniform(size=100) < second).astype(int)
        low, high = intervals(METRICS["calibration_error"], *rows)["calibration_error"]
        assert low <= METRICS["calibration_error"](*rows)["calibration_error"] <= high
        held += low == 0
    assert held >= 57


def test_a_calibration_error_that_is_sure():
    """Always sure and right in half of the rows: the error is 0.5, as exactly as a share of 400 rows is known."""
    draw = np.random.default_rng(0)
    rows = np.tile([0.0, 1.0], (400, 1)), draw.permutation(np.tile([0, 1], 200))
    low, high = intervals(METRICS["calibration_error"], *rows)["calibration_error"]
    assert (low, high) == pytest.approx((0.5 - 0.049, 0.5 + 0.049), abs=0.005)


def test_95_percent_intervals_hold_the_truth_95_percent_of_the_time():
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        hits = (generator.uniform(size=200) < 0.8).astype(int)
        low, high = intervals(METRICS["accuracy"], hits, np.ones(200, int), samples=200)["accuracy"]
        held += low <= 0.8 <= high
    assert 0.91 <= held / 300 <= 0.98


def test_undefined_resamples_are_dropped():
    rows = ([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [0, 1, 0])  # many a resample has one label only
    assert intervals(METRICS["auc"], *rows, samples=100) == {"auc": (1.0, 1.0)}
    assert all(map(math.isnan, intervals(METRICS["auc"], [[0.9, 0.1]], [0], samples=10)["auc"]))


def test_takes_what_the_metric_takes():
    with pytest.raises(DataError, match="not integers"):
        intervals(METRICS["accuracy"], [0.5], [1])


def test_rows_stay_together():
    same = Metric("same", lambda predictions, references: float((predictions == references).all()), "labels")
    assert intervals(same, range(50), range(50), samples=20) == {"same": (1.0, 1.0)}


def test_fast_enough_for_every_evaluation():
    generator = np.random.default_rng(0)
    predictions, references = generator.integers(77, size=(2, 3000))
    start = time.perf_counter()
    for name in ("accuracy", "macro_f1"):
        intervals(METRICS[name], predictions, references)
    assert time.perf_counter() - start < 5  # 0.1 s on two cores; the rest is room for a busy machine
