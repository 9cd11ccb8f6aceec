"""bertkit's figures against the libraries that the metrics name, for every metric and kind of rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bertkit.errors import PluginError
from bertkit.metrics import METRICS, Metric, Trusted, find_metric
from bertkit.metrics.entities import by_type
from bertkit.metrics.trusted.recompute import Recomputed, recompute
from tests.metrics.recorded import sides

WITHOUT = {"masked_loss", "perplexity", "masked_accuracy", "next_sentence_accuracy"}
"""Sums over the model's own outputs: no library computes them."""
ITSELF = {name for name in METRICS if name.startswith("seqeval")}


@pytest.mark.parametrize("name", sorted(set(METRICS) - WITHOUT - ITSELF))
def test_figures_are_those_of_the_libraries(name: str) -> None:
    for predictions in sides(name)[:2]:
        found = [each.as_dict for each in recompute(METRICS[name], predictions, sides(name)[2])]
        assert {each["figure"] for each in found} >= set(METRICS[name].keys)
        for each in found:
            if each["figure"] in METRICS[name].keys:
                assert each["reference"] == pytest.approx(each["value"], rel=1e-9), each
                assert not each["wrong"]
                assert each["by"]


def test_no_metric_lacks_a_reference_but_those_without_a_library() -> None:
    assert {name for name, metric in METRICS.items() if metric.reference is None} == WITHOUT | ITSELF


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "micro_recall", "weighted_precision", "auc", "log_loss"])
def test_several_labels_a_row(name: str, width: int) -> None:
    draw = np.random.default_rng(0)
    actual = draw.integers(2, size=(50, width))
    predicted: Any = actual ^ (draw.random((50, width)) < 0.2)
    if METRICS[name].takes == "probabilities":
        predicted = np.clip(predicted * 0.6 + draw.random((50, width)) * 0.4, 0.01, 0.99)
    (found,) = recompute(METRICS[name], predicted, actual)
    assert found.reference == pytest.approx(found.value, rel=1e-9)


def test_types_of_entities() -> None:
    one, _, actual = sides("entity_f1")
    for found in recompute(by_type(["PER", "LOC", "ORG"]), one, actual):
        assert found.reference == pytest.approx(found.value)


def test_a_metric_that_is_wrong_is_found() -> None:
    one, _, actual = sides("accuracy")
    off = replace(METRICS["accuracy"], function=lambda p, r: float((p == r).mean()) + 1e-6)
    (found,) = recompute(off, one, actual)
    assert found.as_dict["wrong"]
    assert found.difference == pytest.approx(1e-6)


def test_a_known_difference_is_explained() -> None:
    """One row whose true label has the probability 0: scikit-learn and bertkit clip it at different places."""
    (found,) = recompute(METRICS["log_loss"], [[1.0, 0.0], [0.5, 0.5]], [1, 0])
    assert abs(found.difference) > 1
    assert not found.as_dict["wrong"]
    assert "single precision" in found.as_dict["explained"]


def cost(predictions: Any, references: Any) -> float:
    return float((predictions != references).mean())


def test_a_users_metric_has_a_reference(tmp_path: Any) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "def again(predictions, references):\n    return 1 - (predictions == references).mean()\n"
        "def cost(predictions, references):\n    return float((predictions != references).mean())\n"
        "cost.reference = again\n"
        "def broken(predictions, references):\n    raise KeyError('a')\n"
        "def other(predictions, references):\n    return 0.0\n"
        "other.reference = broken\n"
    )
    (found,) = recompute(find_metric(f"{file}:cost", "labels"), [0, 1, 1], [0, 1, 0])
    assert (found.by, found.reference) == ("again", pytest.approx(1 / 3))
    with pytest.raises(PluginError, match="KeyError"):
        recompute(find_metric(f"{file}:other", "labels"), [0, 1], [0, 1])


def test_without_a_reference_nothing_is_compared() -> None:
    (found,) = recompute(Metric("cost", cost, "labels"), [0, 1], [0, 1])
    assert (found.reference, found.difference, found.as_dict["wrong"]) == (None, None, False)


def test_undefined_equals_undefined() -> None:
    assert Recomputed("a", np.nan, np.nan, "x").difference == 0
    assert Recomputed("a", np.nan, 1.0, "x").as_dict["wrong"]


def test_figures_by_name_and_a_plain_number() -> None:
    named = Metric("cost", cost, "labels", reference=Trusted("mine", lambda p, r: {"cost": 1.0, "else": 2.0}))
    (found,) = recompute(named, [0, 1], [0, 1])
    assert (found.reference, found.as_dict["wrong"]) == (1.0, True)
