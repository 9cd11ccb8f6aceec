"""Intervals and paired tests are what they were when they were recorded: same seeds, same draws.

The tests and figures were recorded before per-row parts, the intervals when they became bias-corrected.
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
    assert spans.keys() == RECORDED["intervals"][name].keys()
    for figure, span in spans.items():
        assert span == pytest.approx(RECORDED["intervals"][name][figure], rel=1e-9, abs=1e-12)


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
