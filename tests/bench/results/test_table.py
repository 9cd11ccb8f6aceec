"""Tables of Runs; what is undefined, failed or not all there."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from bertkit.bench.results.table import as_json, cells, header, tabulate
from bertkit.bench.suite import Entry
from tests.bench.suites import figures, finished_run, plan_of

ACCURACY = Entry("a", "classify", figures=("test/accuracy",), published={"BERT": {"test/accuracy": 0.9}})


def test_a_table_of_runs(tmp_path: Path) -> None:
    for seed, value in ((1, 0.8), (2, 0.9)):
        finished_run(tmp_path / "a" / f"seed-{seed}", figures(value))
        finished_run(tmp_path / "b" / f"seed-{seed}", figures(value / 2, split="validation"), {"torch": str(seed)})
    other = Entry("b", "classify", figures=("validation/accuracy", "validation/loss"))
    table = tabulate(plan_of(tmp_path, ACCURACY, other), {})
    a, b, loss = table.lines
    assert a.mean == pytest.approx(0.85)
    assert a.sd == pytest.approx(0.0707107, abs=1e-6)
    assert b.seeds == {1: 0.4, 2: 0.45}
    assert (loss.mean, loss.sd, loss.interval) == (0.5, 0, None)
    assert not table.failed
    assert table.versions == {"bertkit": "1", "torch": "1, 2"}
    assert header(table) == ["task", "figure", "mean", "sd", "95% interval", "seeds", "BERT"]
    assert cells(table)[0][:4] == ["a", "test/accuracy", "0.8500", "0.0707"]
    assert cells(table)[0][5:] == ["2", "0.9000"]
    assert cells(table)[2] == ["b", "validation/loss", "0.5000", "0.0000", "", "2", ""]
    assert cells(table)[3] == ["average", "mean of the first figures", "0.6375", "0.0530", "", "2", ""]


def test_the_averages(tmp_path: Path) -> None:
    told = {"validation": {"f1": 0.9, "accuracy": 0.7}, "intervals": {}}
    finished_run(tmp_path / "MRPC" / "seed-1", told)
    finished_run(tmp_path / "RTE" / "seed-1", {"validation": {"accuracy": 0.6}, "intervals": {}})
    both = {"validation/f1": 0.88, "validation/accuracy": 0.84}
    mrpc = Entry("MRPC", "x", figures=tuple(both), published={"BERT": both, "other": {"validation/f1": 0.9}})
    rte = Entry("RTE", "x", figures=("validation/accuracy",), published={"BERT": {"validation/accuracy": 0.66}})
    table = tabulate(plan_of(tmp_path, mrpc, rte, seeds=(1,), name="glue"), {})
    assert table.average_as_glue
    assert table.average_of_first_figures is None  # an F1 and an accuracy
    assert table.average_as_glue.mean == pytest.approx((0.8 + 0.6) / 2)
    assert table.average_as_glue.published == {"BERT": pytest.approx((0.86 + 0.66) / 2)}
    assert cells(table)[-1] == ["average", "mean of the tasks' means", "0.7000", "", "", "1", "0.7600", ""]

    alike = tabulate(plan_of(tmp_path, replace(mrpc, figures=("validation/accuracy",)), rte, seeds=(1,)), {})
    assert alike.average_of_first_figures
    assert alike.average_of_first_figures.mean == pytest.approx((0.7 + 0.6) / 2)
    assert alike.average_of_first_figures.sd is None

    part = tabulate(plan_of(tmp_path, mrpc, rte, seeds=(1,), whole=False), {})
    assert (part.average_as_glue, part.average_of_first_figures) == (None, None)
    more = tabulate(plan_of(tmp_path, mrpc, rte, seeds=(1, 2)), {"RTE, seed 2": "no rows"})
    assert (more.average_as_glue, more.average_of_first_figures) == (None, None)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    finished_run(tmp_path / "a" / "seed-1", figures(0.8))
    finished_run(tmp_path / "b" / "seed-1", figures(None))
    finished_run(tmp_path / "b" / "seed-2", figures(0.7))
    b = Entry("b", "x", figures=("test/accuracy", "test/acuracy"))
    gone = Entry("gone", "x", figures=("test/accuracy",))
    failed = {"a, seed 2": "no rows", "gone, seed 1": "x", "gone, seed 2": "x"}
    table = tabulate(plan_of(tmp_path, ACCURACY, b, gone, absent={"c": "no file"}), failed)
    assert [line[2:6] for line in cells(table)] == [
        ["0.8000", "", "0.7000 to 0.9000", "1 of 2"],
        ["undefined", "", "", "2"],
        ["failed", "", "", "0 of 2"],
        ["failed", "", "", "0 of 2"],
    ]
    assert table.failed == {**failed, "b, test/acuracy": "the Run has no such figure; did you mean accuracy?"}
    text = json.dumps(as_json(table), allow_nan=False)
    assert json.loads(text)["figures"]["b"]["test/accuracy"]["seeds"] == {"1": None, "2": 0.7}
    assert json.loads(text)["absent"] == {"c": "no file"}


def test_a_run_that_failed_now_counts_for_nothing(tmp_path: Path) -> None:
    """It was trained, and could not answer what a leaderboard asks: the part failed, and is no part of the mean."""
    finished_run(tmp_path / "a" / "seed-1", figures(0.8))
    finished_run(tmp_path / "a" / "seed-2", figures(0.1))
    table = tabulate(plan_of(tmp_path, ACCURACY), {"a, seed 2": "no test rows"})
    assert table.lines[0].mean == 0.8


def test_the_same_runs_give_the_same_text(tmp_path: Path) -> None:
    texts = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        for seed in (1, 2):
            finished_run(folder / "a" / f"seed-{seed}", figures(0.8 + seed / math.pi / 100))
        texts.append(json.dumps(as_json(tabulate(plan_of(folder, ACCURACY), {}))))
    assert texts[0] == texts[1]
