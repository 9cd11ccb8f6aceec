"""Parts answered elsewhere: equal to those answered here, also where errors or a dying node come between."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from bertkit import Predictor, Run
from bertkit.commands.shared.predictor import answering
from bertkit.data.read.sources import expand
from bertkit.errors import DataError
from bertkit.inference.bulk.answering import Answering
from bertkit.inference.bulk.input import BulkInput
from bertkit.inference.bulk.options import BulkOptions
from bertkit.inference.bulk.parts import AnsweredPart, PartPlan
from bertkit.inference.bulk.ray_parts import Worker, _files, _Reading
from tests.helpers import write_rows
from tests.launched import environment, free_port

OPEN = {"RAY_AUTH_MODE": "disabled"}
"""A cluster without a token, whether or not an earlier one of this user has left one."""
NAMED = {"on": None, "task": None, "labels": None, "sets": None}


class InTurns:
    """As `RayParts`, with a worker in this process that gets the last part first."""

    def __init__(self, model: Path, opener: Callable[[str], Answering]):
        self.model, self.opener = model, opener

    def __call__(
        self, source: BulkInput, plan: PartPlan, margin: int, wanted: set[int], columns: list[str]
    ) -> Iterator[AnsweredPart]:
        worker = Worker(str(self.model), _files(self.model), self.opener, columns)
        read = list(_Reading(source, plan, margin, frozenset(wanted))({}))
        for batch in reversed(read):
            row = {name: values[0] for name, values in worker(batch).items()}
            if row["error"]:
                raise pickle.loads(row["error"])
            yield AnsweredPart(int(row["number"]), int(row["rows"]), int(row["tokens"]), row["content"])


@pytest.mark.parametrize("named", ["out.csv", "out/"])
def test_answers_are_those_of_this_process(
    job: Callable[..., int], rows: Path, tiny_run: Run, tmp_path: Path, named: str
) -> None:
    shutil.copytree(tiny_run.path, tmp_path / "run")  # what workers get is all that they need
    options = BulkOptions(str(tmp_path / named))
    more = {"shard_rows": 9} if named == "out/" else {}
    elsewhere = InTurns(tmp_path / "run", partial(answering, str(rows), options, NAMED))
    assert job(rows, output=tmp_path / f"alone-{named}", **more) == 30
    assert job(rows, output=tmp_path / named, elsewhere=elsewhere, **more) == 30
    found, expected = tmp_path / named, tmp_path / f"alone-{named}"
    if more:
        assert {file.name: file.read_bytes() for file in found.glob("shard*")} == {
            file.name: file.read_bytes() for file in expected.glob("shard*")
        }
    else:
        assert found.read_bytes() == expected.read_bytes()


def no_answers(_: str) -> Answering:
    raise DataError.at("rows.csv:7", "is wrong", "mend it")


def test_an_error_elsewhere_is_that_of_this_process(rows: Path, tiny_run: Run) -> None:
    task, block = Predictor.open(tiny_run).task, tiny_run.recipe.data
    source = BulkInput(expand([str(rows)], block), task.columns, block)
    with pytest.raises(DataError, match=r"^rows.csv:7  is wrong; mend it$"):
        list(InTurns(tiny_run.path, no_answers)(source, PartPlan(3), 0, {0}, []))


def bertkit(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "bertkit", *map(str, arguments)]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    texts = ["hello", "where is my parcel ?", "i want it back " * 9, "good bye , good bye", "中 😀"]
    return write_rows([{"n": n, "text": texts[n % 5]} for n in range(200_000)], tmp_path / "rows.jsonl")


@contextmanager
def node(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A node of one core; its process group is its own."""
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1", *arguments]
    process = subprocess.Popen(
        command, start_new_session=True, env=environment(**OPEN), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
@pytest.mark.xdist_group("ray")
def test_a_node_that_dies_loses_nothing(many: Path, tiny_run: Run, tmp_path: Path) -> None:
    """Two nodes; one is killed after some parts. Without it, and with no cluster, the file is the same."""
    one_thread, port = environment(), free_port()
    address = f"127.0.0.1:{port}"
    command = bertkit("predict", tiny_run.path, many, "-o", tmp_path / "alone.csv")
    subprocess.run(command, check=True, env=one_thread)
    out, parts = tmp_path / "out.csv", tmp_path / ".out.csv.parts" / ".parts"
    with node("--head", f"--port={port}", "--include-dashboard=false") as head:
        until(lambda: nodes(address) == "1", head)
        with node(f"--address={address}") as second:
            until(lambda: nodes(address) == "2", second)
            command = bertkit("predict", tiny_run.path, many, "-o", out, "--ray", address, "--processes", 2)
            with (tmp_path / "err.txt").open("wb") as errors:
                process = subprocess.Popen(command, env=environment(**OPEN), stderr=errors)
            until(lambda: len(list(parts.glob("*.part"))) >= 5, process)
            assert second.poll() is None
            os.killpg(second.pid, signal.SIGKILL)
            assert process.wait(1800) == 0, (tmp_path / "err.txt").read_text("utf-8")
    assert out.read_bytes() == (tmp_path / "alone.csv").read_bytes()


def nodes(address: str) -> str:
    """How many nodes a cluster has, asked by a process of its own; empty where none answers yet."""
    ask = f"from bertkit.engine.cluster import cluster\nwith cluster({address!r}) as found: print(len(found.nodes))"
    return subprocess.run(
        [sys.executable, "-c", ask], env=environment(**OPEN), capture_output=True, text=True
    ).stdout.strip()


def until(done: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 900
    while not done():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.xdist_group("ray")
def test_ray_is_started_here(many: Path, tiny_run: Run, tmp_path: Path) -> None:
    found = subprocess.run(
        bertkit("predict", tiny_run.path, many, "-o", f"{tmp_path}/out/", "--ray", "local", "--processes", "2"),
        check=True, env=environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert "200000 rows" in found.stderr
    assert len(list((tmp_path / "out").glob("shard-*.jsonl"))) == 2
