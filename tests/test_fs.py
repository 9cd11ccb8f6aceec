"""Files, caches and cores."""

from __future__ import annotations

import os
import resource
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bertkit import fs
from bertkit.errors import DataError, WriteError
from bertkit.fs import (
    cache_home,
    check_output,
    cores,
    folder_aside,
    processor_threads,
    write_json,
    write_text,
    written_aside,
)


def test_cache_home(monkeypatch) -> None:
    monkeypatch.setenv("BERTKIT_CACHE", "/mine")
    assert cache_home() == Path("/mine")
    monkeypatch.delenv("BERTKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/theirs")
    assert cache_home() == Path("/theirs/bertkit")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("out.xlsx", "the ending must be one of .csv, .jsonl"),
        ("no/out.csv", "no such folder: "),
        ("folder.csv", "is a folder"),
        ("in.csv", "is an input and would be overwritten"),
        ("link-to-in.csv", "is an input and would be overwritten"),
        ("nowhere.csv", "no such folder: "),
        ("null.csv", "is a device or a socket"),
        ("socket.csv", "is a device or a socket"),
    ],
)
def test_an_output_that_can_not_be_written(
    output: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "in.csv").touch()
    (tmp_path / "link-to-in.csv").symlink_to("in.csv")
    (tmp_path / "nowhere.csv").symlink_to("gone/out.csv")
    (tmp_path / "null.csv").symlink_to(os.devnull)
    with socket.socket(socket.AF_UNIX) as opened:
        monkeypatch.chdir(tmp_path)  # the path of a socket has at most 107 characters
        opened.bind("socket.csv")
    with pytest.raises(DataError, match=f"--output  .*{reason}"):
        check_output(tmp_path / output, endings=(".csv", ".jsonl"), inputs=["hub:a", str(tmp_path / "in.csv")])


def test_an_output_that_can_be_written(tmp_path: Path) -> None:
    check_output(None, endings=(".csv",))
    check_output(tmp_path / "out.csv", endings=(".csv",), inputs=[str(tmp_path / "in.csv")])
    check_output(tmp_path / "scores.json")


def test_an_output_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out.csv").touch()
    allowed = {tmp_path: True, tmp_path / "out.csv": False}
    monkeypatch.setattr(os, "access", lambda path, mode: allowed[Path(path)])  # root may write everything
    check_output(tmp_path / "new.csv")
    with pytest.raises(DataError, match=r"out\.csv: no permission to write it"):
        check_output(tmp_path / "out.csv")
    allowed[tmp_path] = False
    with pytest.raises(DataError, match=r"new\.csv: no permission to write it"):
        check_output(tmp_path / "new.csv")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/63", "pipe"])
def test_a_stream_needs_no_ending(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    check_output(tmp_path / name, endings=(".csv",))


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "real.json").write_text("old")
    (tmp_path / "far" / "real.json").chmod(0o640)
    (tmp_path / "link").symlink_to("far/next")
    (tmp_path / "far" / "next").symlink_to("real.json")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "next").is_symlink()
    assert (tmp_path / "far" / "real.json").read_text() == "new"
    assert permissions(tmp_path / "far" / "real.json") == 0o640
    (tmp_path / "dangling").symlink_to("far/new.json")
    write_text(tmp_path / "dangling", "made")
    assert (tmp_path / "far" / "new.json").read_text() == "made"


def test_a_device_is_not_replaced() -> None:
    with pytest.raises(WriteError, match="/dev/null  can not be written: not a file"):
        write_text(Path(os.devnull), "text")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_pipe_gets_the_content(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "content")
    reader.join(10)
    assert read == ["content"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert names(tmp_path) == ["pipe"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def permissions(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_the_umask_decides_for_a_new_file_and_the_old_one_for_another(tmp_path: Path) -> None:
    write_text(tmp_path / "out", "1")
    assert permissions(tmp_path / "out") == 0o640
    (tmp_path / "out").chmod(0o604)
    write_text(tmp_path / "out", "2")
    assert permissions(tmp_path / "out") == 0o604
    with folder_aside(tmp_path / "folder") as aside:
        (aside / "weights").touch(mode=0o600)  # as safetensors does
    assert permissions(tmp_path / "folder") == 0o750
    assert permissions(tmp_path / "folder" / "weights") == 0o640


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file can have more than 1,000 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("small_disk")
def test_a_disk_that_ends_leaves_the_old_file(tmp_path: Path) -> None:
    write_json(tmp_path / "out", ["old"])
    with pytest.raises(WriteError, match=r"out  can not be written: File too large; free some space, then try again$"):
        write_json(tmp_path / "out", ["new"] * 1000)
    assert (tmp_path / "out").read_text() == '[\n  "old"\n]\n'
    with (
        pytest.raises(WriteError, match="folder  can not be written: File too large"),
        folder_aside(tmp_path / "folder") as aside,
    ):
        (aside / "a").write_text("a" * 2000)
    assert names(tmp_path) == ["out"]


def test_a_full_disk_has_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fs, "sync", full)
    with pytest.raises(OSError, match=r"out  can not be written: No space left on device; free some space, then try"):
        write_text(tmp_path / "out", "text")
    with pytest.raises(WriteError, match=r"out  can not be written: .*os error 28"), fs.writing(tmp_path / "out"):
        raise Exception("No space left on device (os error 28)")  # as the tokenizers library tells it
    assert names(tmp_path) == []


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    write_text(tmp_path / "out", "old")
    with pytest.raises(ZeroDivisionError), written_aside(tmp_path / "out"):
        raise ZeroDivisionError
    assert (tmp_path / "out").read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_content_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, str]] = []
    plain = Path.replace, fs.sync

    def replace(path: Path, target: Path) -> Path:
        done.append(("rename", target.name))
        return plain[0](path, target)

    def sync(path: Path) -> None:
        done.append(("sync", "aside" if path.name.startswith(fs.ASIDE) else path.name))
        plain[1](path)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(fs, "sync", sync)
    write_text(tmp_path / "out", "text")
    assert done == [("sync", "aside"), ("rename", "out"), ("sync", tmp_path.name)]


def test_a_folder_that_exists_is_filled(tmp_path: Path) -> None:
    """It may be a mount point, which nothing can be renamed over."""
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to("out")
    (tmp_path / "out" / "a").write_text("old")
    before = (tmp_path / "out").stat().st_ino
    with folder_aside(tmp_path / "link") as aside:
        (aside / "a").write_text("new")
        (aside / "b").write_text("b")
    assert (tmp_path / "out").stat().st_ino == before
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == {"a": "new", "b": "b"}


def test_sweep(tmp_path: Path) -> None:
    (tmp_path / f"{fs.ASIDE}a").touch()
    (tmp_path / f"{fs.ASIDE}b").mkdir()
    (tmp_path / f"{fs.ASIDE}b" / "c").touch()
    (tmp_path / "mine").touch()
    fs.sweep(tmp_path)
    assert names(tmp_path) == ["mine"]


@pytest.mark.parametrize("value, threads", [("3", 3), ("4,2", 4), (" 2 ", 2), ("0", None), ("", None), ("many", None)])
def test_threads_that_compute(monkeypatch: pytest.MonkeyPatch, value: str, threads: int | None) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert processor_threads() == (threads or cores())
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert processor_threads() == cores()
