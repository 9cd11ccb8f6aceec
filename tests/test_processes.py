"""Who is who among several processes, and how they are started (what they do together: tests/invariant)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from bertkit import processes
from bertkit.errors import RecipeError, TrainingError

PLACES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "TORCHELASTIC_RESTART_COUNT")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PLACES, "OMP_NUM_THREADS", "TORCH_CPP_LOG_LEVEL"):  # what `launch` sets must go afterwards
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Puts a launcher in the place of torch's, which ends as it is told; gives what it was called with."""
    import torch.distributed.run

    def ends(error: Exception | None = None) -> list[Any]:
        calls: list[Any] = []

        def run(arguments: Any) -> None:
            calls.append(
                (arguments, {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "TORCH_CPP_LOG_LEVEL")})
            )
            if error:
                raise error

        monkeypatch.setattr(torch.distributed.run, "run", run)
        return calls

    return ends


def failed(ends: dict[int, tuple[int, int]]) -> Exception:
    """What torch raises where the processes ended so: by rank, the exit code and the second."""
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    failures = {rank: SimpleNamespace(exitcode=code, timestamp=second) for rank, (code, second) in ends.items()}
    error = ChildFailedError.__new__(ChildFailedError)
    error.failures = failures  # type: ignore[assignment]
    return error


def test_one_process_is_the_first_and_agrees_with_itself() -> None:
    assert (processes.rank(), processes.count(), processes.local_rank()) == (0, 1, 0)
    assert processes.first()
    assert processes.reports_errors()
    assert processes.gather("a") == ["a"]
    assert processes.broadcast({"a": 1}) == {"a": 1}
    assert not processes.restarted()
    processes.join()
    with processes.first_goes_first():
        pass


def test_the_place_is_what_a_launcher_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(PLACES, ("9", "16", "1", "2"), strict=True):
        monkeypatch.setenv(name, value)
    assert (processes.rank(), processes.count(), processes.local_rank()) == (9, 16, 1)
    assert not processes.first()


def test_a_restart_is_known_by_its_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    assert processes.restarted()


@pytest.mark.parametrize(("place", "waits"), [("0", []), ("1", [processes.HEAD_START])])
def test_the_first_of_a_machine_tells_a_mistake_and_the_others_leave_it_time(
    place: str, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(processes.time, "sleep", waited.append)
    monkeypatch.setenv("LOCAL_RANK", place)
    assert processes.reports_errors()
    assert waited == waits


def test_launch_starts_the_command_so_many_times(launcher: Callable[..., list[Any]]) -> None:
    calls = launcher()
    assert processes.launch(2, ["eval", "runs/mine", "--split", "test"]) == 0
    (arguments, environment), *others = calls
    assert not others
    assert arguments.nproc_per_node == "2"
    assert (arguments.module, arguments.training_script) == (True, "bertkit")
    assert arguments.training_script_args == ["eval", "runs/mine", "--split", "test"]
    assert int(environment["OMP_NUM_THREADS"]) == max(1, (os.cpu_count() or 1) // 2)
    assert environment["TORCH_CPP_LOG_LEVEL"] == "ERROR"


def test_launch_takes_no_more_processes_than_gpus(
    launcher: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = launcher()
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    with pytest.raises(RecipeError, match="has 4 GPUs"):
        processes.launch(8, ["train", "classify"])
    assert not calls
    assert processes.launch(4, ["train", "classify"]) == 0


def test_launch_is_not_for_a_launched_process(bertkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(RecipeError, match="already"):
        processes.launch(2, ["train", "classify"])
    for command in (
        ("train", "classify", "--output", "nowhere"),
        ("eval", "runs/mine"),
        ("predict", "runs/mine", "a.csv"),
    ):
        code, out, err = bertkit(*command, "--processes", 2)
        assert (code, out) == (2, "")
        assert "a launcher has started the processes already" in err


TERM, KILL, SEGV = -signal.SIGTERM, -signal.SIGKILL, -signal.SIGSEGV


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ({0: (2, 100), 1: (TERM, 100)}, 2),
        ({0: (TERM, 105), 1: (2, 100)}, 2),
        ({0: (1, 100), 1: (2, 100)}, 1),
        ({0: (processes.STOPPED, 100), 1: (processes.STOPPED, 100)}, processes.STOPPED),
        ({0: (2, 100), 1: (KILL, 130)}, 2),  # the launcher's, of a process that waited for the other
        ({0: (3, 100)}, 1),
    ],
)
def test_launch_ends_as_its_processes_did(
    ends: dict[int, tuple[int, int]], code: int, launcher: Callable[..., list[Any]]
) -> None:
    launcher(failed(ends))
    assert processes.launch(2, ["train", "classify"]) == code


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ({0: (TERM, 100), 1: (KILL, 100)}, "process 1 was ended by SIGKILL"),
        ({0: (1, 100), 1: (KILL, 100)}, "process 1 was ended by SIGKILL"),
        ({0: (SEGV, 100), 1: (TERM, 101)}, "process 0 was ended by SIGSEGV"),
        ({1: (TERM, 100)}, "process 1 was ended by SIGTERM"),
    ],
)
def test_launch_tells_of_a_process_that_was_killed(
    ends: dict[int, tuple[int, int]], said: str, launcher: Callable[..., list[Any]]
) -> None:
    launcher(failed(ends))
    with pytest.raises(TrainingError, match=said):
        processes.launch(2, ["train", "classify"])


@pytest.mark.parametrize(("command", "code"), [("train", processes.STOPPED), ("eval", 128 + 15)])
def test_a_signal_to_the_launcher_leaves_a_training_that_can_go_on(
    command: str, code: int, launcher: Callable[..., list[Any]]
) -> None:
    from torch.distributed.elastic.multiprocessing.api import SignalException

    launcher(SignalException("stop", signal.SIGTERM))
    assert processes.launch(2, [command, "runs/mine"]) == code


def test_the_end_of_the_terminal_stops_unless_nohup_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGHUP)
    try:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        assert processes.stop_signals() == (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert processes.stop_signals() == (signal.SIGINT, signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_terminal_that_is_gone_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "isatty", lambda stream: stream == 2)
    monkeypatch.setattr(os, "dup2", lambda _, stream: left.append(stream))
    processes.leave_terminal(signal.SIGTERM)
    assert left == []
    processes.leave_terminal(signal.SIGHUP)
    assert left == [2], "a file or a pipe stays"


def test_nohup_holds_for_several_processes(launcher: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHELASTIC_SIGNALS_TO_HANDLE", "")  # so that it is restored
    monkeypatch.delenv("TORCHELASTIC_SIGNALS_TO_HANDLE")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        launcher()
        processes.launch(2, ["train", "classify"])
        assert os.environ["TORCHELASTIC_SIGNALS_TO_HANDLE"] == "SIGINT,SIGTERM,SIGQUIT"
    finally:
        signal.signal(signal.SIGHUP, before)
