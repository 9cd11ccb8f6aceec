"""Intervals and paired tests are what they were when they were recorded (before per-row parts): same seeds, same draws.

Intervals of one model, which stand in metrics.json, are held to the last digit; those of differences, whose sums once
ran in another order, to rounding.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit.metrics import METRICS, intervals
from bertkit.metrics.paired import Effort, differences
from tests.metrics.recorded import sides

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text("utf-8"))


@pytest.mark.parametrize("name", RECORDED["intervals"])
def test_intervals(name: str) -> None:
    one, _, actual = sides(name)
    spans = intervals(METRICS[name.partition(" of ")[0]], one, actual)
    assert {figure: list(span) for figure, span in spans.items()} == RECORDED["intervals"][name]


@pytest.mark.parametrize("name", RECORDED["differences"])
def test_differences(name: str) -> None:
    recorded = RECORDED["differences"][name]
    compared = differences(METRICS[name.partition(" of ")[0]], *sides(name), Effort(300, 1000))
    assert {difference.figure for difference in compared} == recorded.keys()
    for difference in compared:
        figure = recorded[difference.figure]
        assert (difference.one, difference.other) == (figure["one"], figure["other"])
        assert (difference.p, difference.test) == (figure["p"], figure["test"])
        assert difference.interval == pytest.approx(figure["interval"], rel=1e-9, abs=1e-12)
