"""Parts run in order or several at a time: failures, signals, shares of the machine; no process outlives its parent."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bertkit import processes
from bertkit.bench import job as job_module
from bertkit.bench import runner
from bertkit.bench.job import Job
from bertkit.bench.plan import BenchRequest, plan
from bertkit.bench.runner import TimeLeft, run
from bertkit.bench.suite import Suite
from bertkit.bench.suite_file import find_suite
from bertkit.energy.request import measuring
from bertkit.errors import DataError, Stopped
from bertkit.recipe.load import dump
from tests.bench.suites import SUITE, write_suite
from tests.helpers import tiny_recipe, warnings
from tests.launched import environment, lines_of


@pytest.fixture
def suite(tmp_path: Path, tiny_bert: Path) -> Suite:
    return find_suite(str(write_suite(tmp_path, tiny_bert)))


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the jobs that were worked on; nothing is trained."""
    names: list[str] = []

    def pretend(job: Job) -> None:
        names.append(str(job))
        job.run.path.mkdir(parents=True)
        job.run.metrics_file.write_text("{}", "utf-8")
        (job.run.path / "predictions").mkdir()
        (job.run.path / "predictions" / "made.json").write_text(json.dumps(job_module._to_make(job)), "utf-8")

    monkeypatch.setattr(runner, "train_and_answer", pretend)
    return names


def test_a_failure_does_not_stop_the_others(
    suite: Suite, tmp_path: Path, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = plan(suite, BenchRequest(tmp_path / "out"))
    pretend = runner.train_and_answer

    def some_fail(job: Job) -> None:
        if str(job) == "intents, seed 1":
            raise DataError.at("a.csv:3", "no\nlabel", "give it one")
        pretend(job)

    monkeypatch.setattr(runner, "train_and_answer", some_fail)
    assert run(laid.jobs) == {
        "intents, seed 1": "a.csv:3  no label; give it one",
        "scores, seed 1": "not trained: it starts from the model of intents, which failed",
    }
    assert done == ["intents, seed 2", "scores, seed 2"]
    monkeypatch.setattr(runner, "train_and_answer", pretend)
    assert run(laid.jobs) == {}  # only what is left
    assert done[2:] == ["intents, seed 1", "scores, seed 1"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all(
    number: signal.Signals, suite: Suite, tmp_path: Path, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    laid = plan(suite, BenchRequest(tmp_path / "out"))
    pretend = runner.train_and_answer

    def signalled(job: Job) -> None:
        pretend(job)
        taken = signal.signal(number, lambda *_: None)  # by a training, in its last step
        os.kill(os.getpid(), number)
        signal.signal(number, taken)

    monkeypatch.setattr(runner, "train_and_answer", signalled)
    with pytest.raises(Stopped):
        run(laid.jobs)
    assert done == ["intents, seed 1"]
    monkeypatch.setattr(runner, "train_and_answer", pretend)
    assert run(laid.jobs) == {}
    assert len(done) == 4


def test_a_fault_of_ours_keeps_its_traceback(suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(job: Job) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(runner, "train_and_answer", wrong)
    with pytest.raises(ZeroDivisionError):
        run(plan(suite, BenchRequest(tmp_path / "out")).jobs)


def test_time_left() -> None:
    jobs = [Job(entry, seed, "", "", ()) for entry in ("a", "b") for seed in (1, 2)]
    time_left = TimeLeft(jobs, is_finished=lambda job: job == jobs[1])
    assert (time_left.seconds(), time_left.text()) == (None, "")
    time_left.took(jobs[0], 60, trained=True)
    assert time_left.seconds() == 120  # two of b, as long as a
    time_left.took(jobs[2], 300, trained=True)
    assert time_left.seconds() == 300  # as the other seed of b
    assert time_left.text() == ", about 5 min left"
    time_left.took(jobs[3], 1, trained=False)
    assert time_left.text() == ", about 0 s left"
    halved = TimeLeft(jobs, 2, is_finished=lambda job: False)
    halved.took(jobs[0], 7200, trained=True)
    assert halved.text() == ", about 3.0 h left"


def test_a_part_whose_start_is_missing_is_blocked(suite: Suite, tmp_path: Path) -> None:
    laid = plan(suite, BenchRequest(tmp_path / "out"))
    assert "starts from the model of intents" in runner.blocked(laid.jobs[2])
    assert runner.blocked(laid.jobs[0]) == ""


@pytest.mark.slow
def test_two_at_a_time(tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is trained, one fails by its data, and what begins with that one's model is not trained."""
    text = SUITE.replace("seeds: [1, 2]", "seeds: [1]") + "  broken:\n    recipe: broken.yaml\n"
    text = text.replace("    starts_from: intents\n", "    starts_from: broken\n")
    file = write_suite(tmp_path, tiny_bert, text)
    broken = (tmp_path / "classify.yaml").read_text("utf-8").replace("classify.jsonl", "broken.jsonl")
    (tmp_path / "broken.yaml").write_text(broken, "utf-8")
    (tmp_path / "broken.jsonl").write_text('{"text": "hello", "label": 3\n', "utf-8")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    laid = plan(find_suite(str(file)), BenchRequest(tmp_path / "out"))
    failed = run(laid.jobs, parallel=2)
    assert set(failed) == {"broken, seed 1", "scores, seed 1"}
    assert "broken.jsonl:1" in failed["broken, seed 1"]
    assert "starts from the model of broken" in failed["scores, seed 1"]
    done = next(job for job in laid.jobs if job.entry == "intents")
    assert job_module.finished(done)
    assert "effective batch: 4 rows" in (tmp_path / "out" / "intents" / "seed-1.log").read_text("utf-8")


@pytest.mark.slow
def test_no_part_outlives_its_parent(tmp_path: Path, tiny_bert: Path) -> None:
    """The end of its input, as where the parent was killed, makes it save and stop."""
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=100_000, logging_steps=1)
    (tmp_path / "long.yaml").write_text(dump(recipe), "utf-8")
    job = Job("long", 1, str(tmp_path / "run"), str(tmp_path / "long.yaml"), ("seed=1",))
    command = [sys.executable, "-m", "bertkit.bench.job"]
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment())
    try:
        assert child.stdin is not None
        child.stdin.write((job_module.to_json(job) + "\n").encode())
        child.stdin.flush()
        end = time.monotonic() + 100
        while lines_of(job.run.log_file) < 3:
            assert child.poll() is None and time.monotonic() < end, (tmp_path / "log").read_text("utf-8")
            time.sleep(0.01)
        child.stdin.close()
        assert child.wait(60) == processes.STOPPED
    finally:
        child.kill()
        child.wait()
    assert list(job.run.checkpoints.iterdir())
    assert "the same command goes on" in (tmp_path / "log").read_text("utf-8")


class Pretended:
    """A process that ends as it is told."""

    ended: list[str] = []  # noqa: RUF012 - of all of them
    codes: dict[str, int] = {}  # noqa: RUF012 - by job; one that has none runs until it is asked to stop

    def __init__(self, job: Job, place: int, begin: runner.Placing):
        self.job, self.place, self.start, self.log = job, place, 0.0, Path("log")
        self.process: Any = SimpleNamespace(poll=lambda: self.codes.get(job.entry), terminate=lambda: None)

    def end(self, until: float) -> None:
        self.ended.append(self.job.entry)

    def failure(self) -> str:
        if self.codes[self.job.entry] == processes.STOPPED:
            raise Stopped.at(str(self.log), "was stopped")
        return ""


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> type[Pretended]:
    monkeypatch.setattr(Pretended, "ended", [])
    monkeypatch.setattr(Pretended, "codes", {})
    monkeypatch.setattr(runner, "Child", Pretended)
    monkeypatch.setattr(runner, "PAUSE", 0.001)
    return Pretended


def jobs_of(folder: Path, *names: str) -> list[Job]:
    return [Job(name, 1, str(folder / name), "x", ()) for name in names]


def test_one_that_is_stopped_stops_all(tmp_path: Path, pretended: type[Pretended]) -> None:
    pretended.codes = {"b": processes.STOPPED}
    with pytest.raises(Stopped, match="was stopped"):
        list(runner.in_processes(jobs_of(tmp_path, "a", "b", "c"), runner.Here(2)))
    assert pretended.ended == ["b", "a"]  # c was never begun


def test_who_leaves_ends_what_runs(tmp_path: Path, pretended: type[Pretended]) -> None:
    pretended.codes = {"a": 0}
    with contextlib.closing(runner.in_processes(jobs_of(tmp_path, "a", "b"), runner.Here(2))) as done:
        assert next(done)[1] == ""
    assert pretended.ended == ["a", "b"]


def test_what_waits_for_another(tmp_path: Path) -> None:
    a, b, c = jobs_of(tmp_path, "a", "b", "c")
    b = replace(b, needs=a.folder)
    running: Any = [SimpleNamespace(job=a)]
    assert runner._next([b, c, a], []) == c
    assert runner._next([b], running) is None
    assert runner._next([b], []) == b
    assert runner._next([], []) is None


def test_what_is_finished_is_not_begun(tmp_path: Path, pretended: type[Pretended]) -> None:
    job, *_ = jobs_of(tmp_path, "a")
    (job.run.path / "predictions").mkdir(parents=True)
    job.run.metrics_file.write_text("{}", "utf-8")
    (job.run.path / "predictions" / "made.json").write_text(json.dumps(job_module._to_make(job)), "utf-8")
    assert list(runner.in_processes([job], runner.Here(2))) == [(job, "")]
    assert pretended.ended == []


def test_shares_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert runner._environment(0, 3, [])["OMP_NUM_THREADS"] == "2"
    assert runner._environment(0, 99, [])["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert runner._environment(0, 2, [])["OMP_NUM_THREADS"] == "1"
    assert [runner._environment(i, 3, ["4", "6"])["CUDA_VISIBLE_DEVICES"] for i in range(3)] == ["4", "6", "4"]


def test_energy_of_a_finished_job_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    jobs = [SimpleNamespace(run=SimpleNamespace(metrics=metrics)) for metrics in ({}, {"energy": {}})]
    monkeypatch.setattr(runner, "finished", lambda job: True)
    monkeypatch.setattr(runner, "TimeLeft", lambda jobs: None)
    stopping: Any = None
    list(runner.one_by_one(jobs, stopping))  # type: ignore[arg-type]
    assert not warnings(caplog)
    with measuring():
        list(runner.one_by_one(jobs, stopping))  # type: ignore[arg-type]
    assert len(warnings(caplog)) == 1
    assert warnings(caplog)[0].endswith(": --energy has no effect on a finished Run")
