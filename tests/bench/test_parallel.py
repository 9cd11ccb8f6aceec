"""Several parts at a time: processes that share the machine, tell why they failed, and are never orphans."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bertkit import processes
from bertkit.bench import parallel
from bertkit.bench import part as single
from bertkit.bench.part import Part
from bertkit.bench.suite_file import find_suite
from bertkit.bench.work import Wish, plan, run
from bertkit.errors import Stopped
from bertkit.recipe.load import dump
from tests.bench.suites import SUITE, write_suite
from tests.helpers import tiny_recipe
from tests.launched import environment, lines_of


def test_two_at_a_time(tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is trained, one fails by its data, and what begins with that one's model is not trained."""
    text = SUITE.replace("seeds: [1, 2]", "seeds: [1]") + "  broken:\n    recipe: broken.yaml\n"
    text = text.replace("    starts_from: intents\n", "    starts_from: broken\n")
    file = write_suite(tmp_path, tiny_bert, text)
    broken = (tmp_path / "classify.yaml").read_text("utf-8").replace("classify.jsonl", "broken.jsonl")
    (tmp_path / "broken.yaml").write_text(broken, "utf-8")
    (tmp_path / "broken.jsonl").write_text('{"text": "hello", "label": 3\n', "utf-8")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    laid = plan(find_suite(str(file)), Wish(tmp_path / "out"))
    failed = run(laid, parallel=2)
    assert set(failed) == {"broken, seed 1", "scores, seed 1"}
    assert "broken.jsonl:1" in failed["broken, seed 1"]
    assert "begins with the model of broken" in failed["scores, seed 1"]
    done = next(part for part in laid.parts if part.entry == "intents")
    assert single.finished(done)
    assert "effective batch: 4 rows" in (tmp_path / "out" / "intents" / "seed-1.log").read_text("utf-8")


def test_no_part_outlives_its_parent(tmp_path: Path, tiny_bert: Path) -> None:
    """The end of its input, as where the parent was killed, makes it save and stop."""
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=100_000, logging_steps=1)
    (tmp_path / "long.yaml").write_text(dump(recipe), "utf-8")
    part = Part("long", 1, str(tmp_path / "run"), str(tmp_path / "long.yaml"), ("seed=1",))
    command = [sys.executable, "-m", "bertkit.bench.part"]
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment())
    try:
        assert child.stdin is not None
        child.stdin.write((single.to_json(part) + "\n").encode())
        child.stdin.flush()
        end = time.monotonic() + 100
        while lines_of(part.run.log_file) < 3:
            assert child.poll() is None and time.monotonic() < end, (tmp_path / "log").read_text("utf-8")
            time.sleep(0.01)
        child.stdin.close()
        assert child.wait(60) == processes.STOPPED
    finally:
        child.kill()
        child.wait()
    assert list(part.run.checkpoints.iterdir())
    assert "the same command goes on" in (tmp_path / "log").read_text("utf-8")


class Pretended:
    """A process that ends as it is told."""

    ended: list[str] = []  # noqa: RUF012 - of all of them
    codes: dict[str, int] = {}  # noqa: RUF012 - by part; one that has none runs until it is asked to stop

    def __init__(self, part: Part, place: int, environment: dict[str, str]):
        self.part, self.place, self.begun, self.log = part, place, 0.0, Path("log")
        self.process: Any = SimpleNamespace(poll=lambda: self.codes.get(part.entry), terminate=lambda: None)

    def end(self, until: float) -> None:
        self.ended.append(self.part.entry)

    def why(self) -> str:
        if self.codes[self.part.entry] == processes.STOPPED:
            raise Stopped.at(str(self.log), "was stopped")
        return ""


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> type[Pretended]:
    monkeypatch.setattr(Pretended, "ended", [])
    monkeypatch.setattr(Pretended, "codes", {})
    monkeypatch.setattr(parallel, "Child", Pretended)
    monkeypatch.setattr(parallel, "PAUSE", 0.001)
    return Pretended


def parts_of(folder: Path, *names: str) -> list[Part]:
    return [Part(name, 1, str(folder / name), "x", ()) for name in names]


def test_one_that_is_stopped_stops_all(tmp_path: Path, pretended: type[Pretended]) -> None:
    pretended.codes = {"b": processes.STOPPED}
    with pytest.raises(Stopped, match="was stopped"):
        list(parallel.work(parts_of(tmp_path, "a", "b", "c"), 2))
    assert pretended.ended == ["b", "a"]  # c was never begun


def test_who_leaves_ends_what_runs(tmp_path: Path, pretended: type[Pretended]) -> None:
    pretended.codes = {"a": 0}
    with contextlib.closing(parallel.work(parts_of(tmp_path, "a", "b"), 2)) as done:
        assert next(done)[1] == ""
    assert pretended.ended == ["a", "b"]


def test_what_waits_for_another(tmp_path: Path) -> None:
    a, b, c = parts_of(tmp_path, "a", "b", "c")
    b = replace(b, needs=a.folder)
    running: Any = [SimpleNamespace(part=a)]
    assert parallel._next([b, c, a], []) == c
    assert parallel._next([b], running) is None
    assert parallel._next([b], []) == b
    assert parallel._next([], []) is None


def test_what_is_finished_is_not_begun(tmp_path: Path, pretended: type[Pretended]) -> None:
    part, *_ = parts_of(tmp_path, "a")
    (part.run.path / "predictions").mkdir(parents=True)
    part.run.metrics_file.write_text("{}", "utf-8")
    (part.run.path / "predictions" / "made.json").write_text(json.dumps(single._to_make(part)), "utf-8")
    assert list(parallel.work([part], 2)) == [(part, "")]
    assert pretended.ended == []


def test_shares_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert parallel._environment(0, 3, [])["OMP_NUM_THREADS"] == "2"
    assert parallel._environment(0, 99, [])["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert parallel._environment(0, 2, [])["OMP_NUM_THREADS"] == "1"
    assert [parallel._environment(i, 3, ["4", "6"])["CUDA_VISIBLE_DEVICES"] for i in range(3)] == ["4", "6", "4"]
