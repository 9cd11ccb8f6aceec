"""API keys: who may ask. Only their hashes are in memory, and all of them are compared, in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bertkit.errors import RunError

VARIABLE = "BERTKIT_KEYS"


@dataclass(frozen=True)
class Keys:
    """Hash of a key -> the name of who has it. Empty: nobody needs one."""

    known: dict[bytes, str]
    guests: set[bytes] = field(default_factory=set)
    """Hashes of keys of the server itself."""

    @classmethod
    def read(cls, file: Path | None, *, guests: set[bytes] | None = None) -> Keys:
        """The keys of a file, a line each, and of the environment, separated by commas; each may have a name before it,
        `alice:KEY`.

        Raises:
            RunError: no such file, none in it, or one shorter than 8 characters or with others than ASCII's.
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
            if not key.isascii():
                raise RunError.at(place, "a key has characters that headers can not hold", "use ASCII")
            known[_hash(key)] = name.strip() or f"key-{len(known) + 1}"
        if file is not None and not known:
            raise RunError.at(str(file), "holds no key", "write one a line: alice:KEY")
        return cls(known, guests if guests is not None else set())

    def __bool__(self) -> bool:
        return bool(self.known)

    @contextmanager
    def guest(self) -> Iterator[str]:
        """A key for the server itself, which is valid within; without other keys nobody needs one."""
        key = secrets.token_hex(16)
        self.guests.add(_hash(key))
        try:
            yield key
        finally:
            self.guests.discard(_hash(key))

    def name_of(self, headers: dict[bytes, bytes]) -> str | None:
        """Who asks, by `Authorization: Bearer KEY`, `X-API-Key: KEY`, or the password that a browser asks for; None:
        nobody known."""
        found = None
        for given in map(_hash, _given(headers)):
            for known, name in (*self.known.items(), *((guest, "the server") for guest in self.guests)):
                if hmac.compare_digest(given, known):
                    found = name
        return found


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _given(headers: dict[bytes, bytes]) -> Iterator[str]:
    """The keys that a request holds: a gateway may add one of its own."""
    if own := headers.get(b"x-api-key"):
        yield own.decode("latin-1")
    kind, _, value = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() == "bearer":
        yield value.strip()
    if kind.lower() == "basic":
        with suppress(binascii.Error, UnicodeDecodeError):
            yield base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
