"""Jobs as Ray tasks: how they begin, end and are stopped, and a suite that runs through them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bertkit import processes
from bertkit.bench import ray_jobs
from bertkit.bench.ray_jobs import RayProcess, run_job
from tests.bench.suites import write_suite
from tests.launched import environment


class Cancelled(Exception): ...


class NodeDied(Exception): ...


class PretendedRay:
    """Ray with one task, whose result is a value, an exception, or not there yet (None)."""

    exceptions = SimpleNamespace(TaskCancelledError=Cancelled, RayError=NodeDied)

    def __init__(self, result: Any):
        self.result, self.cancelled = result, []

    def wait(self, tasks: list[Any], timeout: float | None) -> tuple[list[Any], list[Any]]:
        return ([], tasks) if self.result is None else (tasks, [])

    def get(self, _: Any) -> Any:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def cancel(self, task: Any, *, force: bool = False) -> None:
        self.cancelled.append((task, force))


@pytest.mark.parametrize(
    ("result", "code"), [(None, None), (0, 0), (2, 2), (Cancelled(), processes.STOPPED), (NodeDied(), 1)]
)
def test_a_task_is_a_process(monkeypatch: pytest.MonkeyPatch, result: Any, code: int | None) -> None:
    ray = PretendedRay(result)
    monkeypatch.setitem(sys.modules, "ray", ray)
    process = RayProcess("task")
    assert process.poll() == code == process.returncode
    if code is None:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.terminate()
        process.kill()
        assert ray.cancelled == [("task", False), ("task", True)]
    else:
        assert process.wait() == code


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_job_runs_where_the_command_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    waits: list[Any] = []

    def wait(timeout: float | None = None) -> int:
        waits.append(timeout)
        if cancelled and timeout is None:
            raise KeyboardInterrupt
        return 75 if cancelled else 0

    began: dict[str, Any] = {}

    def start(job: str, log: Path, environment: dict[str, str], *, folder: Path) -> Any:
        began.update(job=job, log=log, threads=environment["OMP_NUM_THREADS"], folder=folder)
        return SimpleNamespace(wait=wait, terminate=lambda: waits.append("terminate"))

    monkeypatch.setattr(ray_jobs, "start_process", start)
    assert run_job("{}", "out/a.log", str(tmp_path), 3) == (75 if cancelled else 0)
    assert began == {"job": "{}", "log": tmp_path / "out" / "a.log", "threads": "3", "folder": tmp_path}
    assert waits == ([None, "terminate", processes.SAVING] if cancelled else [None])


def test_a_job_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def wait(timeout: float | None = None) -> int:
        calls.append(timeout)
        if len(calls) == 1:
            raise KeyboardInterrupt
        if timeout is not None:
            raise subprocess.TimeoutExpired("job", timeout)
        return -9

    process = SimpleNamespace(wait=wait, terminate=lambda: calls.append("terminate"), kill=lambda: calls.append("kill"))
    monkeypatch.setattr(ray_jobs, "start_process", lambda *_, **__: process)
    assert run_job("{}", "a.log", str(tmp_path), 1) == -9
    assert calls == [None, "terminate", processes.SAVING, "kill", None]


@pytest.mark.slow
@pytest.mark.xdist_group("ray")
def test_a_suite_on_ray_is_that_of_this_machine(tmp_path: Path, tiny_bert: Path) -> None:
    write_suite(tmp_path, tiny_bert)
    for output, more in (("here", ()), ("ray", ("--ray", "local", "--parallel", "2"))):
        command = [sys.executable, "-m", "bertkit", "bench", "mine.yaml", "--output", output, *more]
        done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    here, ray = (json.loads((tmp_path / name / "metrics.json").read_text("utf-8")) for name in ("here", "ray"))
    assert here == ray
