import math
import time

import numpy as np
import pytest

from bertkit.errors import DataError
from bertkit.metrics import METRICS, Metric, intervals


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


def test_bounds_are_the_quantiles_of_the_resamples():
    # The mean of two rows, 0 and 1, is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4.
    low, high = intervals(METRICS["mae"], [0, 1], [0, 0], samples=2000, level=0.4)["mae"]
    assert (low, high) == (0.5, 0.5)
    assert intervals(METRICS["mae"], [0, 1], [0, 0], samples=2000, level=0.6)["mae"] == (0.0, 1.0)


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
