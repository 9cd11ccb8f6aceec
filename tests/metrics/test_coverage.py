"""Intervals hold the truth as often as they say: the record of benchmarks/intervals.py, docs, a fresh simulation."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bertkit.metrics import METRICS

ROOT = Path(__file__).parents[2]
LEAST = 0.92
"""Of intervals whose nominal coverage is 0.95."""


@pytest.fixture(scope="module")
def coverage() -> Any:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        yield importlib.import_module("intervals")
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return json.loads((ROOT / "benchmarks" / "results" / "intervals.json").read_text("utf-8"))


def test_recorded_intervals_hold_the_truth_and_themselves(coverage: Any, record: dict[str, Any]) -> None:
    table, _ = record["tables"].values()  # the second: where it does not reach LEAST
    assert len(table) >= len(coverage.POPULATIONS)
    for line in table:
        for rows in coverage.SIZES:
            assert float(line[f"n = {rows}"]) >= LEAST, line
            assert line[f"without itself at {rows}"] == 0, line


def test_docs_show_the_record(coverage: Any, record: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "evaluate.md").read_text("utf-8")
    assert page == coverage.with_table(page, coverage.docs_table(record))


def test_every_metric_is_simulated(coverage: Any) -> None:
    """Or has the interval of one that is: GLUE's and seqeval's."""
    left = {name for name in METRICS if name not in coverage.POPULATIONS}
    assert all(name.startswith(("glue/", "seqeval")) for name in left)
    names = {"glue/cola": "matthews", "glue/ax": "matthews", "glue/qqp": "glue/mrpc"}
    for name in left - {"glue/stsb"}:
        if name.startswith("glue/"):
            other = METRICS[names.get(name, "accuracy")]
            assert (METRICS[name].per_row, METRICS[name].weighted) == (other.per_row, other.weighted)


@pytest.mark.slow
def test_intervals_hold_the_truth(coverage: Any) -> None:
    """Other data sets than the record's, and fewer: 2.6 standard errors below LEAST."""
    for name, populations in coverage.POPULATIONS.items():
        for population, draw in populations.items():
            for rows in coverage.SIZES:
                for found in coverage.simulate(
                    METRICS[name], population, draw, rows, sets=300, samples=300, seed=1, large=100_000
                ):
                    assert found.held >= LEAST - 2.6 * (LEAST * (1 - LEAST) / found.sets) ** 0.5, found
                    assert found.without_point == 0, found
