"""The checks around every metric: what goes in, what comes out."""

import numpy as np
import pytest

from bertkit.errors import DataError, PluginError
from bertkit.metrics import METRICS, Metric
from tests.metrics.recorded import sides

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
        ("accuracy", [[0, 2]], [[0, 1]], "must be 0 or 1"),
        ("auc", [0.5, 0.5], [0, 1], "do not fit"),
        ("auc", [[0.5, 0.5]], [2], "references hold label 2, but there are 2 probabilities a row"),
        ("auc", [[0.5, 0.5]], [[0, 2]], "must be 0 or 1"),
        ("auc", [[-3.0, 4.5]], [1], "from -3 to 4.5 are no probabilities"),
        ("mse", [[0.5], [0.5]], [0, 1], "do not fit"),
        ("mse", [0.5, float("nan")], [0, 1], "1 of 2 predictions are NaN or infinite; the model may have diverged"),
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


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.per_row])
def test_parts_give_the_figures_of_the_function(name):
    metric = METRICS[name]
    for predictions in sides(name)[:2]:
        predicted, actual = metric.checked(predictions, sides(name)[2])
        parts = metric.parts(predicted, actual)
        assert parts.shape[0] == metric.units(actual).max() + 1
        assert parts.dtype == np.float64
        figures = metric(predicted, actual)
        finished = metric.finished(parts.sum(axis=0)[None], len(parts))
        assert set(metric.keys) <= finished.keys() <= figures.keys()
        assert {key: value.item() for key, value in finished.items()} == pytest.approx(
            {key: figures[key] for key in finished}
        )
        metric.check_parts(figures, parts)


def with_parts(per_row, finish=None):
    return Metric("wrong", lambda p, r: float((p != r).mean()), "labels", per_row=per_row, finish=finish)


def test_a_mean_needs_no_finish_and_one_part_no_second_axis():
    metric = with_parts(lambda p, r: p != r)
    assert metric.parts(*map(np.array, ROWS)).tolist() == [[0.0], [0.0], [1.0]]
    assert metric.finished(np.array([[1.0], [3.0]]), 3)["wrong"].tolist() == [1 / 3, 1.0]


def test_the_first_figure_of_finish_stands_for_the_metric_too():
    metric = with_parts(lambda p, r: p != r, lambda sums, rows: {"lost": sums[:, 0]})
    assert list(metric.finished(np.ones((2, 1)), 3)) == ["wrong", "lost"]


@pytest.mark.parametrize(
    ("per_row", "finish", "message"),
    [
        (
            lambda p, r: [0.0],
            None,
            r"per_row returned an array of shape \(1,\) for 3 rows; return an array \(row, part\)",
        ),
        (lambda p, r: p != r, lambda sums, rows: {"wrong": 0.5}, r"finish returned \(\) under 'wrong' for 1 samples"),
        (lambda p, r: p != r, lambda sums, rows: {}, "finish returned no figures for 1 samples; return arrays"),
        (lambda p, r: p == r, None, "wrong is 0.33.*, but 0.66.* by per_row and finish; make both give the same"),
        (
            lambda p, r: p != r,
            lambda sums, rows: {"wrong": sums[:, 0] / rows, "cost": sums[:, 0]},
            "cost is missing, but 1 by per_row and finish",
        ),
    ],
)
def test_unusable_parts(per_row, finish, message):
    metric = with_parts(per_row, finish)
    predicted, actual = map(np.array, ROWS)
    with pytest.raises(PluginError, match=message):
        metric.check_parts(metric(predicted, actual), metric.parts(predicted, actual))
