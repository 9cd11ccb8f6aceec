"""One job: trained, gone on with, and what it answers of rows without answers."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bertkit.bench import job as job_module
from bertkit.bench.job import Job, finished, train_and_answer, trained
from bertkit.errors import RunError, Stopped
from bertkit.recipe.load import dump
from tests.helpers import make, tiny_recipe, write_rows


def part_of(task: str, folder: Path, model: Path, **changes: Any) -> Job:
    recipe = tiny_recipe(task, {}, model, folder, max_steps=2)
    file = folder / f"{task}.yaml"
    file.write_text(dump(recipe), "utf-8")
    return Job(task, 3, str(folder / task / "seed-3"), str(file), ("seed=3",), **changes)


def asked(task: str, file: Path, **more: str) -> Path:
    """Rows without their answers."""
    columns = ("text", "text_pair")
    rows = [{name: row[name] for name in columns if name in row} for row in make(task, {}).tiny_rows()]
    return write_rows(
        [{**row, **{key: f"{value}{i}" for key, value in more.items()}} for i, row in enumerate(rows)], file
    )


def table_of(job: Job, name: str) -> list[dict[str, str]]:
    with (job.run.path / "predictions" / f"{name}.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def test_labels_and_numbers(tmp_path: Path, tiny_bert: Path) -> None:
    plain, named = asked("classify", tmp_path / "new.jsonl"), asked("classify", tmp_path / "ids.jsonl", id="q")
    sets = {"new": (f"data.test={plain}",), "ids": (f"data.test={named}",)}
    job = part_of("classify", tmp_path, tiny_bert, unlabelled=sets)
    assert not trained(job)
    train_and_answer(job)
    assert trained(job) and finished(job)
    rows = table_of(job, "new")
    assert [row["index"] for row in rows] == [str(i) for i in range(len(rows))]
    assert {row["prediction"] for row in rows} <= {"delivery", "other", "refund"}
    assert [row["index"] for row in table_of(job, "ids")] == [f"q{i}" for i in range(len(rows))]
    assert [row["prediction"] for row in table_of(job, "ids")] == [row["prediction"] for row in rows]
    assert job.run.recipe.seed == 3

    weights = job.run.model / "model.safetensors"
    before = weights.stat().st_mtime_ns
    more = replace(job, unlabelled={"more": sets["new"]})  # asked for later: answered without another training
    assert not finished(more)
    train_and_answer(more)
    assert finished(more)
    assert table_of(more, "more") == rows
    assert weights.stat().st_mtime_ns == before

    regress = part_of("regress", tmp_path, tiny_bert, unlabelled={
        "new": (f"data.test={asked('regress', tmp_path / 'pairs.jsonl')}",)
    })  # fmt: skip
    train_and_answer(regress)
    assert all(-10 < float(row["prediction"]) < 10 for row in table_of(regress, "new"))


def test_a_leaderboard_takes_all_rows_or_none(tmp_path: Path) -> None:
    job = Job("a", 1, str(tmp_path), "x", ("data.limit.train=5",), unlabelled={"new": ("data.test=x",)})
    assert job_module._to_make(job)["unlabelled"] == {"new": ["data.test=x"]}
    for key in ("data.limit.test=5", " data.limit = {test: 5}"):
        assert job_module._to_make(replace(job, sets=(key,)))["unlabelled"] == {}


def test_the_tasks_own_files(tmp_path: Path, tiny_bert: Path) -> None:
    job = part_of("squad", tmp_path, tiny_bert)
    train_and_answer(job)
    answers = json.loads((job.run.path / "predictions.json").read_text("utf-8"))
    assert len(answers) == len(make("squad", {}).tiny_rows())
    assert finished(job)


def test_answers_that_no_leaderboard_takes(tmp_path: Path, tiny_bert: Path) -> None:
    file = write_rows([{"tokens": ["a", "man"]}], tmp_path / "new.jsonl")
    job = part_of("ner", tmp_path, tiny_bert, unlabelled={"new": (f"data.test={file}",)})
    with pytest.raises(RunError, match="neither a label nor a number"):
        train_and_answer(job)
    assert trained(job) and not finished(job)


def test_a_run_of_another_recipe(tmp_path: Path, tiny_bert: Path) -> None:
    job = part_of("classify", tmp_path, tiny_bert)
    recipe = job.resolved()
    job_module.check_begun(job, recipe)  # nothing there
    train_and_answer(job)
    job_module.check_begun(job, recipe)
    other = replace(job, sets=("seed=3", "train.max_steps=4"))
    with pytest.raises(RunError, match=r"seed-3  was started with a different train.max_steps; ask for the same again"):
        job_module.check_begun(other, other.resolved())


def test_stopped_in_the_middle(tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise Stopped.at("run", "stopped at step 1 of 2, saved", "bertkit train run --resume goes on")

    monkeypatch.setattr("bertkit.training.train.train", stop)
    with pytest.raises(Stopped, match="stopped at step 1 of 2, saved; the same command goes on"):
        train_and_answer(part_of("classify", tmp_path, tiny_bert))


def test_it_travels_as_json() -> None:
    job = Job("a", 1, "/x", "classify", ("seed=1", "a='\n'"), unlabelled={"n": ("b=c",)})
    text = job_module.to_json(job)
    assert "\n" not in text
    assert job_module.from_json(text) == job
