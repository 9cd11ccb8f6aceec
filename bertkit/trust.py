"""Whose code may run: the hashes of the code that this user has allowed, in a file in the user's own folder.

As in direnv: what comes from elsewhere says nothing about itself that counts. Code of the user's own recipes is allowed
when they are trained; any other code is refused until `--trust-code` allows it, and asked for again when it changes.
Nothing ever asks on standard input, which may be the data.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import stat
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from bertkit.errors import BertkitError, Parameter, Problem
from bertkit.fs import data_home

log = logging.getLogger("bertkit")

_given: ContextVar[bool] = ContextVar("trust_code", default=False)
_unsaved: set[str] = set()
"""Hashes that could not be written: allowed in this process alone."""


@dataclass(frozen=True)
class Code:
    """A piece of code that is about to run: a file, or an object of an installed package."""

    name: str
    sha256: str

    @classmethod
    def of_file(cls, file: Path) -> Code:
        return cls(str(file), hashlib.sha256(file.read_bytes()).hexdigest())

    @classmethod
    def of_object(cls, reference: str) -> Code:
        """Of an installed package, which the user updates: its content may change."""
        return cls(reference, hashlib.sha256(f"object {reference}".encode()).hexdigest())


@contextlib.contextmanager
def given(trust_code: bool = True) -> Iterator[None]:
    """Within the block, `check` allows what it would refuse, if `trust_code`: the user has given `--trust-code`."""
    token = _given.set(_given.get() or trust_code)
    try:
        yield
    finally:
        _given.reset(token)


def check(codes: Iterable[Code], what: str, error: type[BertkitError]) -> None:
    """Raise an error that names all code that this user has not allowed. With `--trust-code`: show and allow it.

    Args:
        what: who runs it: `this Run`.
    """
    known = _allowed()
    new = [code for code in codes if code.sha256 not in known]
    if new and not _given.get():
        reason = f"{what} executes code that you have not allowed: read it first"
        raise error(*(Problem(code.name, reason, Parameter("trust_code")) for code in new))
    for code in new:
        log.info("allowed from now on: %s (sha256 %s)", code.name, code.sha256)
    allow(new)


def allow(codes: Iterable[Code]) -> None:
    """Write down that this user has allowed this code."""
    known = _allowed()
    new = {code.sha256: code for code in codes if code.sha256 not in known}
    # Names are JSON in ASCII: a name with a line break must not write a line of its own.
    text = "".join(f"{code.sha256}  {json.dumps(code.name)}\n" for code in new.values())
    if not text:
        return
    file = store()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "wb", buffering=0) as stream:
            stream.write(text.encode())
    except OSError as error:
        log.warning("%s can not be written (%s): this code is allowed once", file, error.strerror)
        _unsaved.update(new)


def store() -> Path:
    """The file of hashes: a line for each, with the name that the code had."""
    return data_home() / "allowed-code"


def _allowed() -> set[str]:
    file = store()
    try:
        with file.open("rb") as stream:
            if os.name == "posix" and stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o022:
                log.warning("%s is ignored: others may write to it; chmod 600 it", file)
                return set(_unsaved)
            lines = stream.read().split(b"\n")
    except OSError:
        return set(_unsaved)
    return {line.split(maxsplit=1)[0].decode("latin-1") for line in lines if line.strip()} | _unsaved
