"""The page of a suite, from its Runs: table, plots, links that still work after a move, and what failed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from bertkit.bench.results.page import page_of, plot_rows, warnings
from bertkit.bench.results.table import as_json, cells, condition_cells, tabulate
from bertkit.bench.suite import Entry
from bertkit.report import bench as page
from tests.bench.suites import figures, finished_run, plan_of


def made(folder: Path, *, failed: dict[str, str] | None = None) -> str:
    for seed, value in ((1, 0.81), (2, 0.93)):
        finished_run(folder / "a" / f"seed-{seed}", figures(value))
        (folder / "a" / f"seed-{seed}" / "README.md").write_text("# a", "utf-8")
    (folder / "a" / "seed-1" / "report.html").write_text("<p>", "utf-8")
    published = {"BERT <base>": {"test/accuracy": 0.9}}
    entries = (Entry("a", "x", figures=("test/accuracy",), published=published), Entry("b", "x", figures=("test/f1",)))
    plan = plan_of(folder, *entries, model="bert", absent={"c": "no <file>"})
    return page.text(page_of(plan, tabulate(plan, failed or {"b, seed 1": "no <rows>", "b, seed 2": "none"})))


def test_what_it_holds(tmp_path: Path) -> None:
    text = made(tmp_path)
    assert "mine: benchmark" in text
    assert "bert, seeds 1, 2" in text
    assert "0.8700" in text
    assert "BERT &lt;base&gt;" in text
    assert "no &lt;rows&gt;" in text
    assert "no &lt;file&gt;" in text
    assert text.count("<svg") == 1
    assert re.findall(r'<a href="([^"]+)"', text) == ["a/seed-1/report.html", "a/seed-2/README.md"]
    assert all((tmp_path / link).is_file() for link in re.findall(r'<a href="([^"]+)"', text))
    assert not re.findall(r'(?:src|href)="https?:', text)


def test_warnings_of_the_trainings_stand_at_the_top(tmp_path: Path) -> None:
    for seed in (1, 2):
        poor = {"split": "test", "message": "no <better>"}
        warned = [poor, *([{"split": "", "message": "half-trained"}] if seed == 2 else [])]
        finished_run(tmp_path / "a" / f"seed-{seed}", {**figures(0.5), "warnings": warned})
    plan = plan_of(tmp_path, Entry("a", "x", figures=("test/accuracy",)))
    table = tabulate(plan, {})
    assert as_json(table)["warnings"] == {
        "a, seed 1": ["test: no <better>"], "a, seed 2": ["test: no <better>", "half-trained"]
    }  # fmt: skip
    assert warnings(table) == ["a, seed 1; a, seed 2: test: no <better>", "a, seed 2: half-trained"]
    text = page.text(page_of(plan, table))
    assert text.index("<li>a, seed 2: half-trained</li>") < text.index("<h2>Figures</h2>")
    assert "<td>test/accuracy [1] [2]</td>" in text


def test_a_figure_has_the_numbers_of_the_warnings_about_it(tmp_path: Path) -> None:
    warned = [{"split": split, "message": f"about {split}"} for split in ("validation", "", "test")]
    both = {**figures(0.5), "validation": {"accuracy": 0.5}}
    finished_run(tmp_path / "a" / "seed-1", {**both, "warnings": warned})
    finished_run(tmp_path / "b" / "seed-1", both)
    entries = (Entry(name, "x", figures=("test/accuracy", "validation/accuracy")) for name in "ab")
    table = tabulate(plan_of(tmp_path, *entries, seeds=(1,)), {})
    assert [row[1] for row in cells(table)][:4] == [
        "test/accuracy [2] [3]", "validation/accuracy [1] [2]", "test/accuracy", "validation/accuracy"
    ]  # fmt: skip
    assert warnings(table) == [
        "a, seed 1: validation: about validation", "a, seed 1: about ", "a, seed 1: test: about test"
    ]  # fmt: skip
    assert as_json(table)["figures"]["a"]["test/accuracy"]["warnings"] == ("about ", "test: about test")


def test_the_same_runs_give_the_same_page(tmp_path: Path) -> None:
    assert made(tmp_path / "one") == made(tmp_path / "two")


def test_figures_of_other_scales_have_plots_of_their_own(tmp_path: Path) -> None:
    finished_run(tmp_path / "a" / "seed-1", figures(0.8))
    finished_run(tmp_path / "b" / "seed-1", figures(12.5, name="mse"))
    finished_run(tmp_path / "c" / "seed-1", figures(-0.2, width=None, name="pearson"))
    names = {"a": "accuracy", "b": "mse", "c": "pearson"}
    plan = plan_of(tmp_path, *(Entry(e, "x", figures=(f"test/{f}",)) for e, f in names.items()), seeds=(1,))
    plots = page.draw(plot_rows(tabulate(plan, {})))
    assert len(plots) == 2
    assert "pearson" in plots[0]
    assert "mse" in plots[1]


def test_many_tasks_stand_in_several_plots(tmp_path: Path) -> None:
    entries = [Entry(f"task-{n}-{'$x' * 12}", "x", figures=("test/accuracy",)) for n in range(page.MOST + 1)]
    for entry in entries:
        finished_run(tmp_path / entry.name / "seed-1", figures(0.8))
    assert len(page.draw(plot_rows(tabulate(plan_of(tmp_path, *entries, seeds=(1,)), {})))) == 2


def test_nothing_was_finished(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, Entry("a", "x", figures=("test/accuracy",)), seeds=(1,))
    text = page.text(page_of(plan, tabulate(plan, {"a, seed 1": "no rows"})))
    assert "<svg" not in text
    assert "failed" in text


def test_the_conditions_stand_beside_the_figures(tmp_path: Path) -> None:
    """Rows, limit, length and what was changed, on the page and in metrics.json."""
    finished_run(tmp_path / "a" / "seed-1", {**figures(0.8), "rows": {"train": 2000, "validation": 872}})
    values = {"task": "classify", "model": "bert", "data": {"train": "a.csv", "limit": {"train": 2000}}}
    values["train"] = {"num_train_epochs": 2, "per_device_train_batch_size": 16, "gradient_accumulation_steps": 2}
    (tmp_path / "a" / "seed-1" / "recipe.yaml").write_text(json.dumps(values), "utf-8")
    plan = plan_of(tmp_path, Entry("a", "glue/sst2", figures=("test/accuracy",)), Entry("b", "x"), seeds=(1,))
    table = tabulate(replace(plan, sets=("data.limit.train=2000", "train.num_train_epochs=2")), {})
    assert condition_cells(table)[0] == [
        *("a", "glue/sst2", "bert", "train 2,000, validation 872", "train 2,000", "2 epochs", "32", "")
    ]
    text = page.text(page_of(plan, table))
    assert "train 2,000, validation 872" in text
    assert "Changed in every recipe: data.limit.train=2000, train.num_train_epochs=2." in text
    written = as_json(table)
    assert written["sets"] == ("data.limit.train=2000", "train.num_train_epochs=2")
    assert written["conditions"]["a"]["limit"] == {"train": 2000}
    assert written["conditions"]["a"]["train"]["num_train_epochs"] == 2
    assert written["conditions"]["b"]["rows"] == {}
