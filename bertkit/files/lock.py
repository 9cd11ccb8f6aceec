"""One writer for each folder: a lock that the system takes from a process when it ends, however it ends.

filelock locks the file `.lock` in the folder by `flock`; a forked child does not inherit it. On NFS Linux makes a lock
on the server of it, which holds between machines; a file system without `flock` gets a lock file with process and host,
which filelock breaks when that process is gone (on the same machine only). The file also says who holds the lock. It is
removed at the end; a killed process leaves it behind, unlocked.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import platform
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bertkit.errors import RunError
from bertkit.fs import ASIDE, sweep, writing

LOCK = ".lock"


class Busy(RunError):
    """Another process writes into the folder."""


@contextlib.contextmanager
def one_writer(folder: Path, *, numbered: bool = False, wait: bool = False) -> Iterator[Path]:
    """Hold a folder, which is made if there is none; at the end it is removed if it was made here and is empty.

    What killed processes left half written in it is removed.

    Args:
        numbered: make a new folder, with a number behind its name if there is one of that name.
        wait: until the other process has ended.

    Returns:
        the folder.

    Raises:
        Busy: another process holds it; names the process.
        WriteError: the folder can not be made or written.
    """
    import filelock

    with writing(folder):
        folder, made = _make(folder, numbered)
        lock = filelock.FileLock(folder / LOCK)
        try:
            with warnings.catch_warnings(action="ignore"):  # no flock: the other kind of lock serves
                lock.acquire(timeout=-1 if wait else 0)
        except filelock.Timeout as error:
            remedy = "wait until it ends, or name another folder"
            raise Busy.at(str(folder), f"in use by {_holder(folder / LOCK)}", remedy) from error
    try:
        if not isinstance(lock, filelock.SoftFileLock):  # whose file has its own content
            with writing(folder):
                (folder / LOCK).write_text(json.dumps(_myself()), "utf-8")
        sweep(folder)
        yield folder
    finally:
        with contextlib.suppress(OSError):  # the folder may be gone
            (folder / LOCK).unlink()  # before the release: whoever waits for it sees that it is gone
        lock.release()
        for path in made:
            try:
                path.rmdir()
            except OSError:  # no longer empty
                break


def is_free(folder: Path) -> bool:
    """Whether nothing is at this path but perhaps an empty folder, its lock, or what a killed process was writing."""
    if not folder.is_dir():
        return not folder.exists()
    return all(path.name == LOCK or path.name.startswith(ASIDE) for path in folder.iterdir())


def _make(folder: Path, numbered: bool) -> tuple[Path, list[Path]]:
    """The folder, and those that had to be made for it, the innermost first."""
    missing = list(itertools.takewhile(lambda path: not path.exists(), folder.parents))
    if not numbered:
        missing = missing if folder.exists() else [folder, *missing]
        folder.mkdir(parents=True, exist_ok=True)
        return folder, missing
    folder.parent.mkdir(parents=True, exist_ok=True)
    names = itertools.chain([folder.name], (f"{folder.name}-{number}" for number in itertools.count(2)))
    for name in names:
        with contextlib.suppress(FileExistsError):
            folder.with_name(name).mkdir()
            break
    return folder.with_name(name), [folder.with_name(name), *missing]


def _myself() -> dict[str, str | int]:
    return {"pid": os.getpid(), "host": platform.node(), "since": datetime.now(UTC).isoformat(timespec="seconds")}


def _holder(file: Path) -> str:
    try:
        known = json.loads(file.read_text("utf-8"))
        return f"process {known['pid']} on {known['host']} since {known['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # it is just being written, or a lock of another kind
        return "another process"
