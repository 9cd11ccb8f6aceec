"""The shapes of a Run's JSON files, which are checked before anything is looked up in them (json_file.py)."""

from __future__ import annotations

import importlib.metadata
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field

from bertkit.energy.record import RunEnergy
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


class _Engine(BaseModel):
    """What computed a Run's rows when it was exported: the model that it was made from, and its graphs."""

    bytes: int
    """Of its weights."""
    milliseconds: float
    """For a single example of `tokens` tokens."""
    tokens: int
    rows_per_second: float


class _Difference(BaseModel):
    """A figure before and after an export, on the same rows (`metrics.paired.Difference`)."""

    figure: str
    one: float | None
    other: float | None
    p: float | None
    test: str


class ExportProof(BaseModel):
    """How an exported Run was held against the one that it was made from."""

    precision: str
    attention_nodes: int | None = None
    """Of a graph."""
    float32_layers: list[str]
    """Layers that int8 left in float32."""
    drop: float
    """Points of the first metric on the validation rows."""
    max_drop: float | None
    largest_difference: dict[str, dict[str, float | None]]
    """Engine -> output -> its largest difference from the model's, over the validation rows."""
    engines: dict[str, _Engine]
    differences: dict[str, list[_Difference]]
    """By split."""


_Point = Annotated[list[float], Field(min_length=3, max_length=3)]
"""Threshold, answered and wrong rows (`metrics.reliability.coverage.CoveragePoint`)."""


class Metrics(BaseModel):
    """What is read from `metrics.json`: figures for each split, and these."""

    train: dict[str, float | None] = {}
    validation: dict[str, float | None] = {}
    test: dict[str, float | None] = {}
    intervals: dict[str, dict[str, _Interval]] = {}
    rows: dict[str, int] = {}
    labels: dict[str, dict[str, int]] = {}
    warnings: list[_Warned] = []
    abstention: list[_Point] = []
    export: ExportProof | None = None
    energy: RunEnergy | None = None


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
