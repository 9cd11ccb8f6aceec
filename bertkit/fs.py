"""Files and the machine they lie on: outputs are written aside, flushed to the disk and renamed.

A reader never sees half of a file, and a kill, a full disk or a power cut does not cost the file that was there.
What is written aside has a name that begins with `.writing-`: after a kill it is known for what it is. The price is a
flush per file, half a millisecond on an SSD.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bertkit.errors import BertkitError, DataError, Parameter, Problem, WriteError

ASIDE = ".writing-"
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
"""Errors of a disk that takes no more, which are no bugs of ours."""
REFUSED = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP)
OPEN_FILES = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")
"""Names of files that this process has open already: a shell's `>(gzip > out.gz)` is `/dev/fd/63`."""


def is_remote(name: str) -> bool:
    """Whether a name is an address (`s3://bucket/file.csv`) and no path on this machine."""
    return bool(_ADDRESS.match(name))


def cache_home() -> Path:
    """`$BERTKIT_CACHE`, else `bertkit` in the user's folder of caches."""
    if own := os.environ.get("BERTKIT_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bertkit"


def data_home() -> Path:
    """`bertkit` in the user's folder of data that programs keep, `$XDG_DATA_HOME` or `~/.local/share`."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "bertkit"


def cores() -> int:
    """Processor cores that this process may use; where the system does not tell (macOS), all of them."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def processor_threads() -> int:
    """Threads that compute, without torch: those that OMP_NUM_THREADS names first, else one for each core."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) else cores()


def check_output(
    file: Path | None, *, endings: Sequence[str] = (), inputs: Sequence[str] = (), option: str = "output"
) -> None:
    """Check, before the work, that its result can be written to a file. None: nothing is written.

    Args:
        endings: suffixes that name a format; default: any. A stream (see `is_stream`) needs none.
        inputs: files that must not be overwritten.
        option: what named the file.

    Raises:
        DataError: another ending, a folder or a device, no such parent folder, no permission, or one of the inputs.
    """
    if file is None or is_stream(file):
        return
    output, target = Parameter(option), _target(file)
    if endings and file.suffix not in endings:
        raise DataError.at(output, f"{file}: the ending must be one of {', '.join(endings)}", "name another file")
    mode, parent = _mode(target), _mode(target.parent)
    if mode and not stat.S_ISREG(mode):
        what = "is a folder" if stat.S_ISDIR(mode) else "is a device or a socket"
        raise DataError.at(output, f"{file}: {what}", "name a file in a folder that exists")
    if not stat.S_ISDIR(parent):
        folder = target.parent if file.is_symlink() else file.parent
        raise DataError.at(output, f"{file}: no such folder: {folder}", "name a file in a folder that exists")
    if any(Path(source).is_file() and _target(Path(source)) == target for source in inputs):
        raise DataError.at(output, f"{file}: is an input and would be overwritten", "name another file")
    if not os.access(target.parent, os.W_OK | os.X_OK) or (mode and not os.access(target, os.W_OK)):
        raise DataError.at(output, f"{file}: no permission to write it", "name another file")


def is_stream(file: Path) -> bool:
    """Whether a file is a named pipe, or one that this process has open: it is written into, never replaced."""
    return str(file).startswith(OPEN_FILES) or stat.S_ISFIFO(_mode(file))


def refusal(error: OSError) -> Problem | None:
    """The system's refusal to read or write as a Problem; None for an error that may be a bug of ours."""
    if error.errno in FULL:
        return Problem(str(error.filename or ""), str(error.strerror), "free some space, then try again")
    if error.errno in REFUSED and error.filename:
        todo = "name another" if error.errno in REFUSED[2:] else "it needs the permission of its owner"
        return Problem(str(error.filename), str(error.strerror), todo)
    return None


@contextlib.contextmanager
def writing(what: Path | str) -> Iterator[None]:
    """In the block, turn the system's refusal to write into a WriteError that names `what`."""
    try:
        yield
    except (BertkitError, BrokenPipeError):
        raise
    except OSError as error:
        todo = "free some space, then try again" if error.errno in FULL else "write to another place"
        raise WriteError.at(str(what), f"can not be written: {error.strerror or error}", todo) from error
    except Exception as error:
        if "os error" not in str(error):  # safetensors and tokenizers, written in Rust, raise no OSError
            raise
        raise WriteError.at(str(what), f"can not be written: {error}", "free some space, then try again") from error


@contextlib.contextmanager
def written_aside(file: Path) -> Iterator[Path]:
    """A new file beside `file` to write into; at the end it takes its place, or it is removed if an error is raised.

    A link stays one: the file that it names is replaced. The new file keeps the owner and permissions of the old one;
    if there is none, the umask decides. Streams get the content at the end.

    Raises:
        WriteError: the disk is full, there is no permission, or `file` is a folder, a device or a socket.
    """
    with writing(file):
        if is_stream(file):
            with tempfile.TemporaryDirectory() as folder:
                yield Path(folder, "stream")
                with Path(folder, "stream").open("rb") as source, file.open("ab") as stream:
                    shutil.copyfileobj(source, stream)
            return
        target = _target(file)
        if (mode := _mode(target)) and not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a file")
        aside = target.with_name(ASIDE + secrets.token_hex(8))
        try:
            aside.touch(exist_ok=False)
            yield aside
            if mode:
                _own_as(target, aside)
            sync(aside)
            aside.replace(target)
            sync(target.parent)
        finally:
            aside.unlink(missing_ok=True)


@contextlib.contextmanager
def folder_aside(folder: Path) -> Iterator[Path]:
    """A new folder to write into; at the end it becomes `folder`, or, if that exists, its files move into it.

    Raises:
        WriteError: as `written_aside`.
    """
    with writing(folder):
        folder = _target(folder)
        there = folder.is_dir()  # it may be a mount point, or its parent not ours
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = (folder if there else folder.parent) / (ASIDE + secrets.token_hex(8))
        aside.mkdir()
        try:
            yield aside
            settle(aside)
            if there:
                for file in sorted(aside.iterdir()):
                    file.replace(folder / file.name)
            else:
                aside.rename(folder)
            sync(folder)
            sync(folder.parent)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def settle(folder: Path) -> None:
    """Flush every file of a folder to the disk, with the permissions that the umask gives.

    Libraries choose their own: safetensors makes weights readable by their owner only.
    """
    mode = stat.S_IMODE(folder.stat().st_mode) & 0o666
    for path in [*folder.rglob("*"), folder]:
        if path.is_file():
            path.chmod(mode)
        sync(path)


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems flush no folders
            raise
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Remove what killed processes have left half written in a folder; call it while no other process writes there."""
    for path in folder.glob(f"{ASIDE}*"):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def write_text(file: Path, text: str) -> None:
    """Write text whole or not at all."""
    with written_aside(file) as aside:
        aside.write_text(text, "utf-8", newline="")


def write_json(file: Path, value: Any) -> None:
    """Write JSON whole or not at all; NaN and infinity, which JSON does not have, become null."""
    write_text(file, json.dumps(without_nan(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def without_nan(value: Any) -> Any:
    """NaN is not JSON: an undefined figure is null."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _target(file: Path) -> Path:
    """The file that a link names in the end."""
    return Path(os.path.realpath(file))


def _mode(path: Path) -> int:
    """What a path is, links followed; 0: nothing yet."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        raise WriteError.at(str(path), f"can not be written: {error.strerror}", "name another file") from error


def _own_as(old: Path, new: Path) -> None:
    """Give a file the owner, as far as allowed, and the permissions of another."""
    known = old.stat()
    with contextlib.suppress(PermissionError):
        os.chown(new, known.st_uid, known.st_gid)
    new.chmod(stat.S_IMODE(known.st_mode))
