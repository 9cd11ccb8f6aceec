"""Files, caches and cores."""

from __future__ import annotations

from pathlib import Path

from bertkit.fs import cache_home


def test_cache_home(monkeypatch) -> None:
    monkeypatch.setenv("BERTKIT_CACHE", "/mine")
    assert cache_home() == Path("/mine")
    monkeypatch.delenv("BERTKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/theirs")
    assert cache_home() == Path("/theirs/bertkit")
