"""The peak of the process between two moments."""

from __future__ import annotations

import mmap

import pytest

from bertkit.understand.profile import memory
from bertkit.understand.profile.memory import MemoryPeak

MB = 1_000_000


def test_a_peak_that_is_over_is_seen_once() -> None:
    peak = MemoryPeak("cpu")
    if not peak.resets:
        pytest.skip("this system sets no peak back")
    before = peak.take()
    with mmap.mmap(-1, 150 * MB) as block:  # malloc may keep what it was given back
        for _ in range(150):
            block.write(bytes(MB))
    assert peak.take() > before + 100 * MB
    assert peak.take() < before + 100 * MB


def test_without_a_reset_it_is_the_peak_so_far(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(memory, "CLEAR", tmp_path / "none" / "clear_refs")
    peak = MemoryPeak("cpu")
    assert peak.what == "memory of the process (RSS) since its start"
    assert peak.take() > 10 * MB
