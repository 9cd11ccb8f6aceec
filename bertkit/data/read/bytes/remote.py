"""Files on other machines (`s3://`, `gs://`, `hdfs://`, `https://`), by fsspec: copied into the cache, then read there.

A copy is kept under what the storage says of the file (its entity tag, or size and time): one that has not changed is
copied once. Writing there is left to the tools of each storage.
"""

from __future__ import annotations

import glob
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from bertkit.data.read.formats import NOT_ROWS, of_ending
from bertkit.errors import DataError, ExtraError
from bertkit.fs import cache_home, writing, written_aside

log = logging.getLogger("bertkit")

T = TypeVar("T")

PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "az": "adlfs"}
"""Of the storages that have a package of their own; others need what fsspec names."""


def fetch(url: str) -> list[tuple[str, Path]]:
    """The files behind an address: its own, those that match a glob, or the data files in a folder, in order.

    Returns:
        the address and the local copy of each.

    Raises:
        ExtraError: the package of this storage is not installed.
        DataError: nothing is there, or it can not be read.
    """
    import fsspec

    protocol = url.partition("://")[0].lower()
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        todo = f"pip install {PACKAGES.get(protocol, 'what it names')}"
        raise ExtraError.at(url, f"needs a package that is not installed: {error}", todo) from error
    except ValueError as error:
        raise DataError.at(url, f"{protocol}: no such storage", "s3, gs, hdfs, https and those of fsspec") from error
    paths = _asked(url, lambda: _paths(system, path))
    if not paths:
        raise DataError.at(url, "no file is there", "check the address")
    return [(system.unstrip_protocol(one), _asked(url, lambda one=one: _copy(system, one))) for one in paths]  # type: ignore[misc]


def _paths(system: Any, path: str) -> list[str]:
    if glob.has_magic(path):
        return sorted(one for one in system.glob(path) if system.isfile(one))
    if system.isdir(path):
        names = [PurePosixPath(one) for one in sorted(system.find(path))]
        return [str(one) for one in names if of_ending(Path(one)) and one.name not in NOT_ROWS]
    return [path] if system.exists(path) else []


def _copy(system: Any, path: str) -> Path:
    about = system.info(path)
    told = [str(about.get(name)) for name in ("size", "ETag", "etag", "mtime", "LastModified", "last_modified")]
    key = hashlib.sha256("\n".join([system.unstrip_protocol(path), system.ukey(path), *told]).encode()).hexdigest()
    file = cache_home() / "remote" / key[:32] / PurePosixPath(path).name
    if not file.is_file():
        log.info(
            "%s: is copied into the cache%s", path, f", {size / 1e6:,.1f} MB" if (size := about.get("size")) else ""
        )
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(file) as aside:
            system.get_file(path, str(aside))
    return file


def _asked(url: str, ask: Callable[[], T]) -> T:
    """What a storage answers; each has exceptions of its own, for wrong names, keys and networks."""
    try:
        return ask()
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError.at(url, "no file is there", "check the address") from error
    except Exception as error:
        said = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise DataError.at(url, f"can not be read: {said}", "check the address, the network and your access") from error
