"""Memory goes back to the system."""

from __future__ import annotations

import gc
import itertools
import sys

import numpy as np
import psutil
import pytest

from bertkit.engine import memory


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_free_memory_is_given_back_at_every_fiftieth_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_steps", itertools.count(memory.EVERY - 1))
    process = psutil.Process()
    kept = [np.ones(1000) for _ in range(50_000)]  # 400 MB in tokens too small to have a mapping of their own
    last = kept[-1]  # stands behind all that is freed
    del kept
    gc.collect()
    memory.tidy()
    before = process.memory_info().rss
    memory.tidy()
    assert before - process.memory_info().rss > 200e6
    assert last.sum() == 1000


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    memory._trim.cache_clear()
    memory.tidy()
    assert memory._trim() is None
    memory._trim.cache_clear()
