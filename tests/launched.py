"""Command lines in processes of their own, with what torch's launcher starts below them; none is left behind."""

from __future__ import annotations

import atexit
import contextlib
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from safetensors.torch import load_file

from bertkit import Run
from tests.helpers import log_of, tiny_recipe, write_rows

BERTKIT = [sys.executable, "-m", "bertkit"]
ANSI = re.compile(r"\x1b\[[0-9;]*m")
OURS = re.compile(
    r"new weights, to be trained: |confidence: |warning: |rows: |model: |padding: |effective batch: |step \d+/|"
    r"epoch \d|error: |SIG(TERM|INT): stopping after this step|resuming from step |no checkpoint yet|\d+ rows: |"
    r"\S+  stopped at step "
)
"""What bertkit itself says on standard error."""


def environment(**more: str) -> dict[str, str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TORCHELASTIC"))}
    return {**outside, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "200", **more}


PRELOAD = ["bertkit.training.train", "bertkit.training.finish", "tests.launched"]
"""What takes seconds to import: processes that are forked after it start at once."""


def forked(command: list[str], streams: tuple[Path, Path] | None = None, more: dict[str, str] | None = None) -> None:
    """A command line in this process, which was forked; its output goes to files, if any are given."""
    from bertkit import cli
    from bertkit.inference import score
    from bertkit.report import plots
    from tests.framed import frame

    for number, file in enumerate(streams or (), 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ.update(more or {})
    multiprocessing.set_start_method("fork", force=True)  # of workers, as in a process that no forkserver started
    torch.set_num_threads(1)
    score.SAMPLES, plots.drawn = 50, frame  # as in conftest.py
    code = cli.main(command)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


class Pair:
    """A command line in two processes that have met, without a launcher: forked, they start in no time."""

    def __init__(self, folder: Path, context: Any, *command: object, **more: str):
        folder.mkdir(parents=True, exist_ok=True)
        meeting = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "COLUMNS": "200"}
        self._files = [(folder / f"out-{rank}.txt", folder / f"err-{rank}.txt") for rank in range(2)]
        processes = []
        for rank, files in enumerate(self._files):
            place = {**meeting, "RANK": str(rank), "LOCAL_RANK": str(rank), **more}
            arguments = (list(map(str, command)), files, place)
            processes.append(context.Process(target=forked, args=arguments, daemon=True))
            processes[-1].start()
        for process in processes:
            process.join(600)
        for process in processes:
            process.kill()
        assert [process.exitcode for process in processes] == [0, 0], self.err

    def _text(self, stream: int) -> str:
        return "".join(files[stream].read_text("utf-8") for files in self._files if files[stream].exists())

    @property
    def out(self) -> str:
        return self._text(0)

    @property
    def err(self) -> str:
        return ANSI.sub("", self._text(1))


class Launched:
    """A command that runs, its output in files: a pipe would hold up whoever reads only one of two."""

    def __init__(self, folder: Path, *command: object, **more: str):
        folder.mkdir(parents=True, exist_ok=True)
        self._files = (folder / "out.txt", folder / "err.txt")
        with self._files[0].open("w") as out, self._files[1].open("w") as err:
            self.process = subprocess.Popen([*map(str, command)], stdout=out, stderr=err, env=environment(**more))

    @property
    def out(self) -> str:
        return self._files[0].read_text("utf-8")

    @property
    def err(self) -> str:
        return ANSI.sub("", self._files[1].read_text("utf-8"))

    @property
    def others(self) -> list[str]:
        """Lines on standard error that are not ours."""
        return [line for line in self.err.splitlines() if line.strip() and not OURS.match(line)]

    def wait(self, seconds: float = 600) -> int:
        return self.process.wait(seconds)

    def wait_for(self, ready: Callable[[], bool], seconds: float = 600) -> None:
        end = time.monotonic() + seconds
        while not ready():
            assert self.process.poll() is None, f"it ended too early:\n{self.err}"
            assert time.monotonic() < end, f"it took too long:\n{self.err}"
            time.sleep(0.005)

    def kill(self) -> None:
        """SIGKILL, to its children before itself: torch starts them in sessions of their own, and they would go on."""
        with contextlib.suppress(psutil.NoSuchProcess):
            above = psutil.Process(self.process.pid)
            above.suspend()  # it must not start others meanwhile
            for process in [*above.children(recursive=True), above]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@contextlib.contextmanager
def started(folder: Path, *command: object, **more: str) -> Iterator[Launched]:
    launched = Launched(folder, *command, **more)
    try:
        yield launched
    finally:
        launched.kill()


def finished(folder: Path, *command: object, code: int = 0, **more: str) -> Launched:
    """A command that ran to its end, which must be this exit code."""
    with started(folder, *command, **more) as launched:
        assert launched.wait() == code, launched.err
    return launched


def torchrun(*arguments: object) -> list[object]:
    return [sys.executable, "-m", "torch.distributed.run", *arguments, "-m", "bertkit"]


def free_port() -> int:
    """A port that no one listens on, found in a process of its own: the tests' sockets are shut."""
    code = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def _longer(row: dict[str, Any], words: int) -> dict[str, Any]:
    if "text" in row:
        return {**row, "text": " ".join([row["text"]] + ["and"] * words)}
    return {**row, "tokens": row["tokens"] + ["and"] * words, "tags": row["tags"] + ["O"] * words}


def recipe_of_rows(name: str, options: dict[str, Any], rows: int, model: Path, folder: Path, **train: Any) -> Any:
    """A tiny recipe with exactly so many training rows, all different."""
    recipe = tiny_recipe(name, options, model, folder, repeat=-(-rows // 6), **{"logging_steps": 1, **train})
    file = folder / f"{name}.jsonl"
    kept = [json.loads(line) for line in file.read_text("utf-8").splitlines()[:rows]]
    write_rows([_longer(row, n % 5) for n, row in enumerate(kept)], file)
    return recipe


def lines_of(log: Path) -> int:
    return len(log.read_text("utf-8").splitlines()) if log.is_file() else 0


def assert_near(run: Run, other: Run) -> None:
    """Equal but for the order in which floats are summed.

    A step's sums agree within 1e-6 or so; Adam divides by gradients near zero, which makes up to 1e-4 of it in weights.
    """
    got, expected = (np.array(log_of(each, "step", "loss", "grad_norm")) for each in (run, other))
    np.testing.assert_allclose(got, expected, rtol=2e-4)
    for name, value in other.metrics["validation"].items():
        np.testing.assert_allclose(run.metrics["validation"][name], value, atol=1e-3, err_msg=name)  # of few rows
    a, b = (load_file(each.model / "model.safetensors") for each in (run, other))
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(
            a[name], b[name], rtol=1e-3, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
        )


def assert_same(run: Run, other: Run) -> None:
    """Weights bit for bit, figures, and every line of the log but its speed."""
    a, b = (load_file(each.model / "model.safetensors") for each in (run, other))
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []
    assert run.metrics == other.metrics
    assert _log(run) == _log(other)


def _log(run: Run) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in run.log_file.read_text("utf-8").splitlines()]
    return [{name: value for name, value in line.items() if name != "samples_per_second"} for line in lines]
