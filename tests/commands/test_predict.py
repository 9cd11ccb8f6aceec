"""`bertkit predict`: the command's own mistakes (what it answers: tests/inference/test_tables.py)."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "expected either INPUT or --text"),
        (("new.csv", "--text", "hello"), "expected either INPUT or --text"),
        (("--text", "a", "--text", "b", "--text-pair", "c"), "1 second texts for 2 --text"),
        (("new.csv", "--output", "out.xlsx"), "the ending must be one of"),
        (("new.csv", "--output", "nowhere/out.csv"), "no such folder"),
    ],
)
def test_mistakes_are_told_before_any_work(bertkit, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    code, _, err = bertkit("predict", tmp_path / "no-run", *arguments)
    assert code == 2
    assert told in err
