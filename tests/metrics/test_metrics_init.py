"""METRICS and find_metric: how a recipe's words become metrics."""

import subprocess
import sys

import pytest

from bertkit import plugins
from bertkit.errors import PluginError
from bertkit.metrics import METRICS, Metric, find_metric, try_out

LOWER_IS_BETTER = {"log_loss", "calibration_error", "mse", "mae", "masked_loss", "perplexity"}

CODE = """
from bertkit.metrics import Metric

def cost(predictions, references):
    return 5.0 * (predictions != references).sum()
cost.greater_is_better = False

def confidence(predictions, references):
    return {"mean": predictions.max(axis=1).mean(), "least": predictions.max(axis=1).min()}
confidence.takes = "probabilities"

own = Metric("own", cost, "scores", keys=("own",))

def failing(predictions, references):
    return [][0]

def narrow(predictions):
    return 1.0

def silent(predictions, references):
    pass

def odd(predictions, references):
    return 1.0
odd.takes = "tokens"

class Meter: ...

limit = 3

def wrong(predictions, references):
    return float((predictions != references).mean())

torn = Metric("torn", wrong, "labels", per_row=lambda predictions, references: [][0])
unfinished = Metric("unfinished", wrong, "labels", per_row=lambda p, r: p != r, finish=lambda s, n: {}["no such sum"])
apart = Metric("apart", wrong, "labels", per_row=lambda predictions, references: 0 * predictions)
"""


@pytest.fixture
def user(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    return lambda name: f"{file}:{name}"


def test_table():
    assert all(name == metric.name for name, metric in METRICS.items())
    assert {name for name, metric in METRICS.items() if not metric.greater_is_better} == LOWER_IS_BETTER
    assert set(METRICS) <= set(plugins.names("metric"))


@pytest.mark.parametrize(
    "name", [name for name, metric in METRICS.items() if metric.takes not in ("answers", "language")]
)
def test_every_metric_of_perfect_predictions(name):
    metric = find_metric(name, "labels")
    rows = {"labels": [0, 1, 1], "probabilities": [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], "scores": [0, 1, 1]}
    rows["ranking"] = [0.0, 1.0, 2.0]
    lists = {"tags": [["O"], ["B-PER", "E-PER" if name.endswith("IOBES") else "I-PER"]]}
    sentences = lists.get(metric.takes)
    actual = [[0, 0], [0, 1], [0, 1]] if metric.takes == "ranking" else [0, 1, 1]
    figures = metric(sentences, sentences) if sentences else metric(rows[metric.takes], actual)
    assert tuple(figures) == metric.keys
    best = pytest.approx(1.0 if metric.greater_is_better else 0.0)
    assert all(type(value) is float and value == best for value in figures.values())


def test_import_is_light():
    code = (
        "import sys, bertkit.metrics; print([m for m in ('sklearn', 'scipy', 'evaluate', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_users_function(user):
    metric = find_metric(user("cost"), "labels")
    assert (metric.name, metric.takes, metric.greater_is_better) == ("cost", "labels", False)
    assert metric([0, 1, 1], [0, 0, 0]) == {"cost": 10.0}


def test_users_function_says_what_it_takes(user):
    metric = find_metric(user("confidence"), "labels")
    assert metric.takes == "probabilities"
    assert metric([[0.25, 0.75], [0.5, 0.5]], [0, 1]) == {"confidence": 0.625, "mean": 0.625, "least": 0.5}


def test_users_metric(user):
    metric = find_metric(user("own"), "labels")
    assert isinstance(metric, Metric)
    assert metric.takes == "scores"
    assert metric([0.5], [0.25]) == {"own": 5.0}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torn", r"metric torn  raised IndexError: .*mine.py:\d+.*; per_row is called with two arrays"),
        ("unfinished", r"metric unfinished  raised KeyError: 'no such sum' .*; finish is called with sums"),
        ("apart", "metric apart  apart is 0.5, but 0 by per_row and finish; make both give the same figures"),
    ],
)
def test_users_parts_are_tried_out(user, name, message):
    with pytest.raises(PluginError, match=message):
        try_out(find_metric(user(name), "labels"), [0, 1], [0, 0])


def test_installed_code_by_module():
    metric = find_metric("sklearn.metrics:zero_one_loss", "labels")
    assert metric([0, 1], [0, 0]) == {"zero_one_loss": 0.5}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("failing", r"metric failing  raised IndexError: list index out of range \(.*mine.py:15\)"),
        ("narrow", "metric narrow  raised TypeError: narrow.. takes 1 positional argument but 2 were given"),
        ("silent", "metric silent  returned NoneType None; return a number"),
    ],
)
def test_users_function_fails_as_the_users(user, name, message):
    metric = find_metric(user(name), "labels")
    with pytest.raises(PluginError, match=message):
        metric([0], [0])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Meter", "is a class, not a function"),
        ("limit", "is int, not a function"),
        ("odd", "takes 'tokens'; known: labels, probabilities, scores"),
        ("costs", "has no costs; did you mean cost"),
    ],
)
def test_users_names_that_are_no_metric(user, name, message):
    with pytest.raises(PluginError, match=message) as caught:
        find_metric(user(name), "labels", where="metrics[1]")
    assert caught.value.problems[0].key == "metrics[1]"


def test_unknown_name():
    with pytest.raises(PluginError, match="no such metric: acuracy; did you mean accuracy"):
        find_metric("acuracy", "labels")
