"""seqeval as a metric."""

from __future__ import annotations

import pytest
from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from bertkit.metrics import METRICS, intervals
from bertkit.metrics.paired import Effort, differences
from tests.metrics.recorded import sides


@pytest.mark.parametrize(("name", "mode"), [("seqeval", {}), ("seqeval/IOB2", {"mode": "strict", "scheme": IOB2})])
def test_figures_and_parts_are_seqevals(name: str, mode: dict) -> None:
    one, other, actual = sides("entity_f1")
    metric = METRICS[name]
    expected = {
        "overall_f1": f1_score(actual, one, **mode),
        "overall_precision": precision_score(actual, one, **mode),
        "overall_recall": recall_score(actual, one, **mode),
        "overall_accuracy": accuracy_score(actual, one),
    }
    assert metric(one, actual) == pytest.approx(expected)
    metric.check_parts(metric(one, actual), metric.parts(one, actual))
    ours = "strict_entity_f1" if mode else "entity_f1"
    assert intervals(metric, one, actual)["overall_f1"][0] < intervals(METRICS[ours], one, actual)[ours][1]
    compared = {d.figure: d for d in differences(metric, one, other, actual, Effort(100, 200))}
    assert compared["overall_f1"].difference == pytest.approx(
        metric(other, actual)["overall_f1"] - expected["overall_f1"]
    )


def test_strict_goes_by_the_scheme() -> None:
    gold, ends = [["B-X", "E-X", "O"]], [["B-X", "I-X", "O"]]
    assert METRICS["seqeval/IOBES"](gold, gold)["overall_f1"] == 1
    assert METRICS["seqeval/IOBES"](ends, gold)["overall_f1"] == 0
    assert METRICS["seqeval"]([[None, "B-X"]], [["O", "B-X"]])["overall_f1"] == 1
