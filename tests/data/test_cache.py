"""Where the cache is."""

from __future__ import annotations

from pathlib import Path

from bertkit.data.cache import home


def test_home(monkeypatch) -> None:
    monkeypatch.setenv("BERTKIT_CACHE", "/mine")
    assert home() == Path("/mine")
    monkeypatch.delenv("BERTKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/theirs")
    assert home() == Path("/theirs/bertkit")
