"""A machine without counters and without codecarbon, which tests give what they need."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.energy import estimate, nvml, rapl
from tests.energy.fakes import Clock


@pytest.fixture
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of /sys/class/powercap, where nothing gives an estimate."""
    root = tmp_path / "powercap"
    root.mkdir()
    monkeypatch.setattr(rapl, "ROOT", root)
    monkeypatch.setattr(estimate, "has", lambda module: False)
    monkeypatch.setattr(nvml, "has", lambda module: False)
    return root


@pytest.fixture
def clock() -> Clock:
    return Clock()
