"""Files and the machine they lie on: written aside and renamed, so that a reader never sees half of one.

What is written aside has a name that begins with `.writing-`: after a kill it is known for what it is. Nothing is
flushed to the disk before the rename: after a power cut a file may be empty, and whoever must know it keeps a hash.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bertkit.errors import DataError, Parameter

ASIDE = ".writing-"


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


def check_output(file: Path | None, *, endings: Sequence[str] = (), inputs: Sequence[str] = ()) -> None:
    """Check, before the work, that its result can be written to a file. None: nothing is written.

    Args:
        endings: suffixes that name a format; default: any.
        inputs: files that must not be overwritten.

    Raises:
        DataError: another ending, a folder, no such parent folder, or one of the inputs.
    """
    if file is None:
        return
    output = Parameter("output")
    if endings and file.suffix not in endings:
        raise DataError.at(output, f"{file}: the ending must be one of {', '.join(endings)}", "name another file")
    if file.is_dir() or not file.parent.is_dir():
        what = "is a folder" if file.is_dir() else f"no such folder: {file.parent}"
        raise DataError.at(output, f"{file}: {what}", "name a file in a folder that exists")
    if any(Path(source).is_file() and Path(source).resolve() == file.resolve() for source in inputs):
        raise DataError.at(output, f"{file}: is an input and would be overwritten", "name another file")


@contextlib.contextmanager
def written_aside(file: Path) -> Iterator[Path]:
    """A new file beside `file` to write into; it takes its place at the end, and goes where an error is raised."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=ASIDE)
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        aside.chmod(0o644)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


@contextlib.contextmanager
def folder_aside(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` to write into; it takes its place, whatever stood there, at the end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=ASIDE))
    try:
        yield aside
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


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
