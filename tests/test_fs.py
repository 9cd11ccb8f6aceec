"""Files, caches and cores."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import DataError
from bertkit.fs import cache_home, check_output


def test_cache_home(monkeypatch) -> None:
    monkeypatch.setenv("BERTKIT_CACHE", "/mine")
    assert cache_home() == Path("/mine")
    monkeypatch.delenv("BERTKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/theirs")
    assert cache_home() == Path("/theirs/bertkit")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("out.xlsx", "the ending must be one of .csv, .jsonl"),
        ("no/out.csv", "no such folder: "),
        ("folder.csv", "is a folder"),
        ("in.csv", "is an input and would be overwritten"),
    ],
)
def test_an_output_that_can_not_be_written(output: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "in.csv").touch()
    with pytest.raises(DataError, match=f"--output  .*{reason}"):
        check_output(tmp_path / output, endings=(".csv", ".jsonl"), inputs=["hub:a", str(tmp_path / "in.csv")])


def test_an_output_that_can_be_written(tmp_path: Path) -> None:
    check_output(None, endings=(".csv",))
    check_output(tmp_path / "out.csv", endings=(".csv",), inputs=[str(tmp_path / "in.csv")])
    check_output(tmp_path / "scores.json")
