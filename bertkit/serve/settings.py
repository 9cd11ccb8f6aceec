"""What a server serves, and the limits that it holds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bertkit.errors import Parameter, Problem, RunError

ENVIRONMENT = "BERTKIT_SERVE"
"""The variable that holds the settings as JSON, for a server that another program starts (Ray Serve, uvicorn)."""
MEGABYTE = 2**20


class ServeSettings(BaseModel):
    """All that `bertkit serve` can be told. Times are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: dict[str, str] = {}
    """Name -> a Run, a folder or a hub name."""
    indexes: dict[str, str] = {}
    """Name -> the address of an index."""
    devices: list[str] = []
    """One worker each; empty: one GPU, else the processor."""
    precision: Literal["float32", "bf16", "fp16"] = "float32"
    trust_code: bool = False

    batch_tokens: int | None = Field(default=None, ge=1)
    """Most tokens of a batch. Default: 1,024 on a processor, where more is no faster; elsewhere the backend's own."""
    queue_tokens: int = Field(default=65_536, ge=1)
    """Tokens that wait at most; a request beyond is refused."""
    timeout: float = Field(default=30.0, gt=0)
    """For an answer, from when the request is read."""
    read_timeout: float = Field(default=10.0, gt=0)
    """For a client to send its request."""
    grace: float = Field(default=30.0, ge=0)
    """For accepted requests, once the server is asked to stop."""

    max_bytes: int = Field(default=8 * MEGABYTE, ge=1)
    """Of a request."""
    max_rows: int = Field(default=2_000, ge=1)
    """Of a request: rows, texts or documents."""
    max_characters: int = Field(default=200_000, ge=1)
    """Of one text."""
    max_depth: int = Field(default=16, ge=1)
    """Of nested lists and objects in a request."""
    max_connections: int = Field(default=2_000, ge=1)

    keys: Path | None = None
    """A file with a key a line, or `NAME:KEY`; the variable BERTKIT_KEYS may hold some too, separated by commas."""
    hosts: list[str] = []
    """Names of this machine besides localhost, where it is asked without keys and listens for itself alone."""
    cors: list[str] = []
    """Origins whose pages may ask; none by default."""
    log_texts: bool = False
    prove: int = Field(default=0, ge=0)
    """Rows of each Run whose answers are compared with `predict` before the server is ready."""
    watch: float | None = Field(default=None, gt=0)
    """Seconds between two looks whether a Run has changed."""

    @field_validator("models", "indexes")
    @classmethod
    def _check_names(cls, names: dict[str, str]) -> dict[str, str]:
        for name in names:
            check_name(name)
        return names


def check_name(name: str) -> None:
    """Raise a ValueError for a name that does not fit into an address."""
    if not name or not all(sign.isalnum() or sign in "._-" for sign in name) or not name.isascii():
        raise ValueError(f"{name!r} is no name for an address: use letters, digits, `.`, `_` and `-`")


def named(sources: list[str], what: Parameter) -> dict[str, str]:
    """`NAME=SOURCE` or `SOURCE`, whose name is that of its folder.

    Raises:
        RunError: two with one name, or a name that does not fit into an address.
    """
    found: dict[str, str] = {}
    for text in sources:
        name, separator, source = text.partition("=")
        if not separator or "/" in name:
            source = text
            name = Path(text.rstrip("/").removeprefix("hub:")).resolve().name
        if not source:
            raise RunError.at(what, f"{text}: nothing after the name", "name a folder: support=runs/support")
        if name in found:
            todo = f"name one of them: {name}-2={source}"
            raise RunError.at(what, f"two are called {name}: {found[name]} and {source}", todo)
        try:
            check_name(name)
        except ValueError as error:
            raise RunError.at(what, str(error), f"mine={source}") from error
        found[name] = source
    return found


def from_environment() -> ServeSettings:
    """Raises RunError where the variable is missing or wrong."""
    text = os.environ.get(ENVIRONMENT, "")
    if not text:
        todo = f"""export {ENVIRONMENT}='{{"models": {{"support": "runs/support"}}}}'"""
        raise RunError.at(ENVIRONMENT, "not set", todo)
    return read(text)


def read(text: str) -> ServeSettings:
    """Settings from JSON. Raises RunError where it is no such JSON."""
    try:
        values: Any = json.loads(text)
        return ServeSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise RunError.at(ENVIRONMENT, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise RunError.at(ENVIRONMENT, f"is no JSON: {error}") from error


def settings_of(values: dict[str, Any]) -> ServeSettings:
    """Settings from options. Raises RunError for a value that can not be used."""
    try:
        return ServeSettings.model_validate(values)
    except ValidationError as error:
        problems = [Problem(Parameter(str(one["loc"][0])), f"{one['input']}: {one['msg']}") for one in error.errors()]
        raise RunError(*problems) from error
