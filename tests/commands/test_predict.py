"""`bertkit predict`: the command's own mistakes (what it answers: tests/inference/test_files.py, test_ask.py)."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected one of INPUT, --text and --question"),
        (("new.csv", "--text", "hello"), "expected one of INPUT, --text and --question"),
        (("--text", "a", "--text", "b", "--text-pair", "c"), "number of second texts: 1, number of texts: 2"),
        (("new.csv", "--output", "out.xlsx"), "the ending must be one of"),
        (("new.csv", "--output", "nowhere/out.csv"), "no such folder"),
    ],
)
def test_mistakes_are_reported_before_any_work(
    bertkit, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = bertkit("predict", tmp_path / "no-run", *arguments)
    assert code == 2
    assert message in err
