"""Which tests need `tolerance`, and which have it for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.understand.robustness.behaviour.expected import Unexpected
from bertkit.understand.robustness.behaviour.file import read
from bertkit.understand.robustness.behaviour.tolerance import check_tolerance
from tests.helpers import make

EXPECT = "expect: 3"
SAME = "changed: b, same: true"
SCORE = "changed: b, score: {rises: 1}"


def told(task: str, keys: str, folder: Path) -> str:
    path = folder / "t.yaml"
    path.write_text(f"tests: [{{name: t, rows: a, {keys}}}]", "utf-8")
    (test,) = read(path).tests
    try:
        check_tolerance(test, make(task, {}))
    except Unexpected as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("task", "keys", "message"),
    [
        ("classify", f"{EXPECT}, tolerance: 0.1", "leave it out"),
        ("classify", EXPECT, ""),
        ("ner", f"{EXPECT}, tolerance: 0.1", "leave it out"),
        ("squad", f"{SAME}, tolerance: 0.1", "leave it out"),
        ("regress", EXPECT, "expects a number; write"),
        ("regress", SAME, "compares numbers"),
        ("regress", f"{SAME}, tolerance: 0.1", ""),
        ("regress", f"{SCORE}, tolerance: 0.1", "leave it out"),
        ("rerank", f"{EXPECT}, tolerance: 0.1", "leave it out"),
        ("rerank", f"{SAME}, tolerance: 0.1", ""),
    ],
)
def test_tolerance(task: str, keys: str, message: str, tmp_path: Path) -> None:
    found = told(task, keys, tmp_path)
    assert bool(found) == bool(message)
    assert message in found
