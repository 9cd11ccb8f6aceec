"""The shapes of a Run's JSON files, which are checked before anything is looked up in them (json_file.py)."""

from __future__ import annotations

import importlib.metadata
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field

from bertkit.errors import RunError
from bertkit.files.json_file import read_json
from bertkit.files.manifest import Manifest
from bertkit.fs import cores

PACKAGES = (
    *("bertkit", "torch", "transformers", "tokenizers", "datasets", "accelerate", "evaluate"),
    *("seqeval", "scikit-learn", "scipy", "numpy", "pydantic", "ruamel.yaml", "typer"),
)


def read_file(file: Path, shape: Any) -> dict[str, Any]:
    """The content of a file of a Run.

    Raises:
        RunError: it is damaged, or of another shape.
    """
    return read_json(file, shape, error=RunError, remedy="copy the Run again, or train it again")


class About(BaseModel):
    """The content of `run.json`."""

    kind: str = "train"
    backend: str = "torch"
    parent: dict[str, Any] | None = None
    files: Manifest = {}


class Environment(BaseModel):
    """What is read from `environment.json`, which holds more."""

    code: dict[str, dict[str, str]] = {}
    data: dict[str, str] = {}
    model: dict[str, str] = {}
    versions: dict[str, str] = {}
    devices: list[str] = []
    command: list[str] = []


_Interval = Annotated[list[float | None], Field(min_length=2, max_length=2)]


class _Warned(BaseModel):
    """`warn.Warned`, which pydantic can not check itself before Python 3.12."""

    split: str
    message: str


class Metrics(BaseModel):
    """What is read from `metrics.json`: figures for each split, and these."""

    train: dict[str, float | None] = {}
    validation: dict[str, float | None] = {}
    test: dict[str, float | None] = {}
    intervals: dict[str, dict[str, _Interval]] = {}
    rows: dict[str, int] = {}
    warnings: list[_Warned] = []


def environment() -> dict[str, Any]:
    """Versions, cores, devices and time of this process; no name of machine, user or folders. Imports torch."""
    import torch

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = ""
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": cores(),
        "threads": torch.get_num_threads(),
        "devices": [torch.cuda.get_device_name(i) for i in range(cuda)] or ["cpu"],
        "versions": versions,
    }
