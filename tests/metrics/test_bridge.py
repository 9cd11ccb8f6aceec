"""To and from the `evaluate` library, offline: local scripts one way, our own metrics the other."""

import sys
from pathlib import Path

import numpy as np
import pytest

from bertkit import trust
from bertkit.errors import DataError, PluginError
from bertkit.metrics import METRICS, find_metric, intervals, load

SCRIPT = """
import datasets
import evaluate


class {name}(evaluate.Metric):
    def _info(self):
        features = datasets.Features({features})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references):
        {body}
"""
INTEGERS = '{"predictions": datasets.Value("int32"), "references": datasets.Value("int32")}'
FLOATS = '{"predictions": datasets.Value("float32"), "references": datasets.Value("float32")}'
DIFFERENCE = "return {'total': sum(p - r for p, r in zip(predictions, references)), 'each': [1, 2], 'note': 'text'}"


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def script(tmp_path):
    def write(name, features, body=DIFFERENCE):
        path = tmp_path / f"{name}.py"
        path.write_text(SCRIPT.format(name=name.title().replace("_", ""), features=features, body=body))
        return f"evaluate:{path}"

    return write


def test_script_by_path(script):
    metric = find_metric(script("total_difference", FLOATS), "scores")
    assert metric.name == "total_difference"
    assert metric.takes == "scores"
    assert metric.greater_is_better
    figures = metric([0.75, 2.0], [0.25, 1.0])
    assert figures == {"total_difference": 1.5, "total": 1.5}  # fractions are kept; lists and texts are left out
    assert metric([1.0], [0.0]) == {"total_difference": 1.0, "total": 1.0}  # nothing is left of the first call
    assert intervals(metric, [0.75, 2.0], [0.75, 2.0], samples=5)["total"] == (0.0, 0.0)


def test_known_direction_of_the_hubs_modules(script):
    assert not find_metric(script("wer", FLOATS), "scores").greater_is_better


def test_integers_are_for_labels_only(script):
    reference = script("whole_difference", INTEGERS)
    assert find_metric(reference, "labels")([2, 1], [1, 1])["total"] == 1
    with pytest.raises(PluginError, match="takes integers and would truncate the scores"):
        find_metric(reference, "scores")


def test_integer_lists_are_found_out(script):
    reference = script(
        "listed", INTEGERS.replace('datasets.Value("int32")', 'datasets.Sequence(datasets.Value("int32"))')
    )
    assert find_metric(reference, "labels")
    with pytest.raises(PluginError, match="would truncate the probabilities"):
        find_metric(reference, "probabilities")


@pytest.mark.parametrize("takes", ["ranking", "tags"])
def test_a_task_whose_answers_no_module_takes(script, takes):
    with pytest.raises(PluginError, match=f"can not be called with {takes}; call it from a function of your own"):
        find_metric(script("total_difference", FLOATS), takes)


def test_other_inputs_are_refused(script):
    reference = script("sourced", FLOATS.replace("predictions", "sources"))
    with pytest.raises(PluginError, match="takes sources, references, not predictions"):
        find_metric(reference, "scores")


def test_errors_of_a_script_are_told_as_its_own(script):
    metric = find_metric(script("failing", INTEGERS, "return {'share': 1 / 0}"), "labels")
    with pytest.raises(PluginError, match="metric failing  raised ZeroDivisionError: division by zero"):
        metric([0], [0])


def test_missing_script(tmp_path):
    with pytest.raises(PluginError, match=r"metrics\[0\]  evaluate can not load .*missing.py: FileNotFoundError"):
        find_metric(f"evaluate:{tmp_path / 'missing.py'}", "labels", where="metrics[0]")


def test_hub_name_without_a_network():
    with pytest.raises(PluginError, match=r"without network use a script \(evaluate:./my_metric.py\) or a built-in"):
        load("evaluate:no_such_metric")


def test_load_gives_the_module_itself(script):
    module = load(script("total_difference", FLOATS))
    assert module.compute(predictions=[1.5], references=[1.0])["note"] == "text"


@pytest.mark.parametrize("kind", [list, np.array])
@pytest.mark.parametrize(
    ("name", "predictions", "references"),
    [
        ("macro_f1", [0, 1, 2], [0, 1, 1]),
        ("macro_f1", [[0, 1], [1, 1]], [[0, 1], [0, 1]]),
        ("macro_f1", [[1], [1]], [[0], [1]]),
        ("glue/mrpc", [0, 1, 1], [0, 1, 0]),
        ("auc", [[0.4, 0.6], [0.9, 0.1]], [1, 0]),
        ("log_loss", [[0.4, 0.6], [0.9, 0.1]], [[1, 1], [1, 0]]),
        ("ndcg@10", [0.2, 0.9, 0.4], [[0, 0], [0, 2], [0, 1]]),
        ("glue/stsb", [0.2, 0.9, 0.4], [0, 5, 3.5]),
    ],
)
def test_ours_as_a_module(name, predictions, references, kind):
    module, expected = load(name), METRICS[name](predictions, references)
    assert module.name == name
    assert module.compute(predictions=kind(predictions), references=kind(references)) == expected
    module.add_batch(predictions=kind(predictions[:1]), references=kind(references[:1]))
    for prediction, reference in zip(kind(predictions[1:]), kind(references[1:]), strict=True):
        module.add(prediction=prediction, reference=reference)
    assert module.compute() == expected


def test_fractions_for_labels_are_refused_and_not_cut():
    module = load("accuracy")
    assert module.features[1]["predictions"].dtype == "int64"
    for call in (module.compute, module.add_batch):
        with pytest.raises(DataError, match="predictions are float64, not integers"):
            call(predictions=[0.9, 0.2], references=[0, 0])
    with pytest.raises(DataError, match="not integers"):
        module.add(prediction=0.9, reference=0)
    assert module.compute(predictions=[1], references=[1]) == {"accuracy": 1.0}  # the refused rows left nothing behind


def test_ours_combine():
    import evaluate

    both = evaluate.combine([load("accuracy"), load("macro_f1")])
    assert both.compute(predictions=[0, 1], references=[0, 1]) == {"accuracy": 1.0, "macro_f1": 1.0}


def test_users_own_as_a_module(tmp_path):
    (tmp_path / "cost.py").write_text(
        "def cost(predictions, references):\n    return 5 * (predictions < references).sum()\n"
    )
    assert load(f"{tmp_path}/cost.py:cost").compute(predictions=[0, 1], references=[1, 0]) == {"cost": 5.0}


@pytest.mark.parametrize("place", ["hub", "working folder"])
def test_the_module_of_a_stranger_must_be_allowed(script, tmp_path, monkeypatch, place):
    """On the hub (here: in its cache), or in a folder here that bears the name of a module of `evaluate`."""
    import evaluate.loading

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("evaluate.config.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))  # before the folder that other tests have put there
    for module in [module for module in sys.modules if module.startswith("evaluate_modules")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "theirs"
    if place == "hub":
        folder = Path(evaluate.loading.init_dynamic_modules()) / "metrics" / "somebody--theirs" / ("0" * 64)
    folder.mkdir(parents=True)
    Path(script("theirs", FLOATS).removeprefix("evaluate:")).rename(folder / "theirs.py")
    ran = tmp_path / "ran"
    with (folder / "theirs.py").open("a") as file:
        file.write(f"\nopen({str(ran)!r}, 'w').close()\n")
    name = "evaluate:somebody/theirs" if place == "hub" else "evaluate:theirs"
    with pytest.raises(PluginError, match=r"theirs\.py  this metric executes code .* use --trust-code") as caught:
        find_metric(name, "scores")
    assert len(caught.value.problems) == 1
    assert not ran.exists()
    with trust.given():
        find_metric(name, "scores")
    assert find_metric(name, "scores")([1.0], [0.5])["total"] == 0.5
    assert ran.exists()
    for module in [module for module in sys.modules if module.startswith("evaluate_modules")]:
        del sys.modules[module]


def test_a_metric_that_the_hub_does_not_have(loopback, monkeypatch):
    import time

    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr("evaluate.config.HF_ENDPOINT", loopback.endpoint)
    address = f"{loopback.endpoint}/spaces/{{path}}/resolve/{{revision}}/{{name}}"
    monkeypatch.setattr("evaluate.config.HUB_EVALUATE_URL", address)
    loopback.add("somebody/shop-score", {"shop-score.py": b""}, kind="space")
    with pytest.raises(PluginError) as caught, trust.given():
        find_metric("evaluate:somebody/shop-scor", "labels")
    assert str(caught.value).endswith(
        "somebody/shop-scor: the hub has no such metric, or it is private; did you mean somebody/shop-score?; "
        "if it is private: hf auth login"
    )
    loopback.add("evaluate-metric/accuracy", {"accuracy.py": b""}, kind="space")
    with pytest.raises(PluginError) as caught:
        find_metric("evaluate:acuracy", "labels")
    assert "acuracy: the hub has no such metric, or it is private; did you mean " in str(caught.value)
