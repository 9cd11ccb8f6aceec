"""A folder has one writer at a time; a process that is gone holds nothing."""

from __future__ import annotations

import fcntl
import os
import platform
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import WriteError
from bertkit.files.lock import LOCK, Busy, is_free, one_writer


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_second_writer_is_told_who_holds_it(tmp_path: Path) -> None:
    with one_writer(tmp_path / "run") as folder:
        assert folder == tmp_path / "run"
        with pytest.raises(Busy) as caught, one_writer(folder):
            pytest.fail("two writers")
        said = str(caught.value)
        assert said.startswith(f"{folder}  in use by process {os.getpid()} on {platform.node()} since 20")
        assert said.endswith("; wait until it ends, or name another folder")
    with one_writer(folder):
        pass


def test_nothing_is_left(tmp_path: Path) -> None:
    with one_writer(tmp_path / "a" / "b" / "run") as folder:
        assert (folder / LOCK).is_file()
        (tmp_path / "a" / "mine").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mine"]
    (tmp_path / "here").mkdir()
    with one_writer(tmp_path / "here"):
        pass
    assert names(tmp_path / "here") == []
    with one_writer(tmp_path / "run") as folder:
        (folder / "result").touch()
    assert names(tmp_path / "run") == ["result"]
    with pytest.raises(ZeroDivisionError), one_writer(tmp_path / "new"):
        raise ZeroDivisionError
    assert not (tmp_path / "new").exists()


def test_a_folder_that_was_removed_meanwhile(tmp_path: Path) -> None:
    with one_writer(tmp_path / "run") as folder:
        (folder / LOCK).unlink()
        folder.rmdir()
    assert not folder.exists()


def test_names_get_numbers(tmp_path: Path) -> None:
    """Trainings that begin in the same second have the same default name."""
    with (
        one_writer(tmp_path / "run", numbered=True) as first,
        one_writer(tmp_path / "run", numbered=True) as second,
        one_writer(tmp_path / "run", numbered=True) as third,
    ):
        assert [path.name for path in (first, second, third)] == ["run", "run-2", "run-3"]
    assert names(tmp_path) == []


def test_what_a_killed_writer_left(tmp_path: Path) -> None:
    (tmp_path / ".writing-0123").touch()
    (tmp_path / LOCK).write_text('{"pid": 1, "host": "gone", "since": "2026"}')
    assert is_free(tmp_path)
    with one_writer(tmp_path):
        assert is_free(tmp_path)
    assert names(tmp_path) == []


def _hold(folder: Path, forks: bool) -> None:
    with one_writer(folder):
        if not forks or not os.fork():  # as a data loader's worker, which may outlive its training
            (folder / "held").touch()
        time.sleep(60)


@pytest.mark.parametrize("forks", [False, True])
def test_a_killed_process_holds_nothing(forks: bool, tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        _hold(tmp_path, forks)
        os._exit(0)
    try:
        until = time.monotonic() + 20
        while not (tmp_path / "held").exists() and time.monotonic() < until:
            time.sleep(0.01)
        with pytest.raises(Busy, match=f"in use by process {child} on"), one_writer(tmp_path):
            pass
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with one_writer(tmp_path):
            pass
    finally:
        if forks:
            os.killpg(child, signal.SIGKILL)


def test_waiting(tmp_path: Path) -> None:
    order: list[str] = []
    begun = threading.Event()

    def first() -> None:
        with one_writer(tmp_path):
            begun.set()
            time.sleep(0.2)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait(10)
    with one_writer(tmp_path, wait=True):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.filterwarnings("error")
def test_a_file_system_without_flock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """filelock makes a lock file of another kind there."""

    def missing(*_: Any) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", missing)
    with one_writer(tmp_path / "run") as folder:
        with pytest.raises(Busy, match="in use by another process"), one_writer(folder):
            pytest.fail("two writers")
        (folder / "result").touch()
    assert names(folder) == ["result"]
    with one_writer(folder):
        pass


def test_a_folder_that_can_not_be_held(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(WriteError, match="can not be written"), one_writer(place):
            pass
    assert not is_free(tmp_path / "file")
    assert is_free(tmp_path / "new")
