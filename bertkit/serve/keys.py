"""API keys: who may ask. Only their hashes are in memory, and all of them are compared, in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bertkit.errors import RunError

VARIABLE = "BERTKIT_KEYS"


@dataclass(frozen=True)
class Keys:
    """Hash of a key -> the name of who has it. Empty: nobody needs one."""

    known: dict[bytes, str]

    @classmethod
    def read(cls, file: Path | None) -> Keys:
        """The keys of a file, a line each, and of the environment, separated by commas; each may have a name before it,
        `alice:KEY`.

        Raises:
            RunError: no such file, none in it, or one shorter than 8 characters.
        """
        lines = [(f"{VARIABLE}", one) for one in os.environ.get(VARIABLE, "").split(",")]
        if file is not None:
            try:
                text = file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise RunError.at(str(file), f"the keys can not be read: {error}", "name a text file") from error
            lines += [(f"{file}:{number}", line) for number, line in enumerate(text.splitlines(), 1)]
        known: dict[bytes, str] = {}
        for place, line in lines:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            name, _, key = line.rpartition(":")
            key = key.strip()
            if len(key) < 8:
                raise RunError.at(place, "a key has fewer than 8 characters", "make one: openssl rand -hex 24")
            known[_hash(key)] = name.strip() or f"key-{len(known) + 1}"
        if file is not None and not known:
            raise RunError.at(str(file), "holds no key", "write one a line: alice:KEY")
        return cls(known)

    def __bool__(self) -> bool:
        return bool(self.known)

    @contextmanager
    def guest(self) -> Iterator[str]:
        """A key for the server itself, which is valid within; without other keys nobody needs one."""
        key = secrets.token_hex(16)
        if self.known:
            self.known[_hash(key)] = "the server"
        try:
            yield key
        finally:
            self.known.pop(_hash(key), None)

    def name_of(self, headers: dict[bytes, bytes]) -> str | None:
        """Who asks, by `Authorization: Bearer KEY`, `X-API-Key: KEY`, or the password that a browser asks for; None:
        nobody known."""
        key = _given(headers)
        if key is None:
            return None
        given, found = _hash(key), None
        for known, name in self.known.items():
            if hmac.compare_digest(given, known):
                found = name
        return found


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _given(headers: dict[bytes, bytes]) -> str | None:
    if own := headers.get(b"x-api-key"):
        return own.decode("latin-1")
    kind, _, value = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None
