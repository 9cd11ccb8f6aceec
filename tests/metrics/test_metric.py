"""The checks around every metric: what goes in, what comes out."""

import numpy as np
import pytest

from bertkit.errors import DataError, PluginError
from bertkit.metrics import METRICS, Metric

ROWS = ([0, 1, 1], [0, 1, 0])


def returning(result, **fields):
    return Metric("cost", lambda predictions, references: result, "labels", **fields)


def test_function_gets_arrays_of_one_kind():
    seen = []
    for takes, predictions in (("labels", [True, False]), ("probabilities", [[0, 1], [1, 0]]), ("scores", [1, 2])):
        Metric("kind", lambda p, r: seen.append((p.dtype.name, r.dtype.name)) or 0, takes)(predictions, [1, 0])
    assert seen == [("int64", "int64"), ("float64", "int64"), ("float64", "float64")]


def test_checked_does_not_copy_what_fits():
    rows = np.array([0, 1])
    assert METRICS["accuracy"].checked(rows, rows)[0] is rows


@pytest.mark.parametrize(
    ("name", "predictions", "references", "message"),
    [
        ("accuracy", [], [], "predictions have no rows"),
        ("accuracy", 1, 1, "predictions have no rows"),
        ("accuracy", [0, 1], [0], "2 predictions, but 1 references"),
        ("accuracy", [0.9, 0.1], [1, 0], "predictions are float64, not integers"),
        ("accuracy", ["a", "b"], [1, 0], "predictions are <U1, not integers"),
        ("accuracy", [[0, 1], [1]], [[0, 1], [1, 0]], "rows of unequal length"),
        ("accuracy", [0, 1], [-1, -1], "references hold -1; rows whose labels are hidden"),
        ("accuracy", [[0, 1]], [1], r"shape \(1, 2\) do not fit references of shape \(1,\)"),
        ("accuracy", [[0, 2]], [[0, 1]], "told by 0 and 1"),
        ("auc", [0.5, 0.5], [0, 1], "do not fit"),
        ("auc", [[0.5, 0.5]], [2], "references hold label 2, but there are 2 probabilities a row"),
        ("auc", [[0.5, 0.5]], [[0, 2]], "told by 0 and 1"),
        ("auc", [[-3.0, 4.5]], [1], "from -3 to 4.5 are no probabilities"),
        ("mse", [[0.5], [0.5]], [0, 1], "do not fit"),
        ("mse", [0.5, float("nan")], [0, 1], "1 of 2 predictions are NaN or infinite; a diverged model"),
        ("mse", [0.5, 0.1], [0, float("inf")], "1 of 2 references are NaN or infinite$"),
    ],
)
def test_unusable_rows(name, predictions, references, message):
    with pytest.raises(DataError, match=message) as caught:
        METRICS[name](predictions, references)
    assert caught.value.problems[0].key == f"metric {name}"


def test_a_number_is_named_after_the_metric():
    assert returning(np.float32(0.5))(*ROWS) == {"cost": 0.5}


def test_figures_become_plain_floats():
    figures = returning({"cost": np.float64(2), "rows": np.int64(3)})(*ROWS)
    assert figures == {"cost": 2.0, "rows": 3.0}
    assert all(type(value) is float for value in figures.values())


def test_first_figure_stands_for_the_metric():
    metric = returning({"lost": 2, "won": 1})
    assert metric.keys == ("cost",)
    assert list(metric(*ROWS).items()) == [("cost", 2.0), ("lost", 2.0), ("won", 1.0)]


def test_promised_keys_are_held():
    assert returning({"won": 1}, keys=("won",))(*ROWS) == {"won": 1.0}
    with pytest.raises(PluginError, match="did not return won"):
        returning({"lost": 1}, keys=("won",))(*ROWS)


@pytest.mark.parametrize("result", ["good", None, {}, [0.5], {"cost": "good"}, {1: 0.5}, {"cost": np.ones(2)}])
def test_unusable_results(result):
    with pytest.raises(PluginError, match=r"metric cost  returned .*; return "):
        returning(result)(*ROWS)
