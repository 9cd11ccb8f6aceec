"""Cases of a fixed seed. `python -m tests.fuzz --seed SEED --case NUMBER` repeats one that fails."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.fuzz.judge import judged
from tests.fuzz.many import quick
from tests.fuzz.material import Material

SEED = 13
PART = 25
"""Cases of a test: a test a case would make the list of tests unreadable."""
CASES, MORE = 100, 1_100


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return Material(tmp_path_factory.mktemp("material"))


@pytest.fixture(autouse=True)
def _log_that_can_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """xdist can not send a report whose log holds half a character, as a message may that quotes a file."""

    def whole(self: logging.Handler, record: logging.LogRecord) -> str:
        return logging.Handler.format(self, record).encode("utf-8", "replace").decode()

    monkeypatch.setattr("_pytest.logging.LogCaptureHandler.format", whole)


@pytest.mark.xdist_group("fuzz")
@pytest.mark.parametrize(
    "first",
    [
        *range(0, CASES, PART),
        *(pytest.param(first, marks=pytest.mark.slow) for first in range(CASES, CASES + MORE, PART)),
    ],
)
def test_no_input_breaks_a_command(
    first: int, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    quick(tmp_path)
    verdicts = [judged(SEED, number, tmp_path / str(number), material) for number in range(first, first + PART)]
    wrong = [
        f"{verdict}\n  again: python -m tests.fuzz --seed {SEED} --case {verdict.number}"
        for verdict in verdicts
        if verdict.wrong
    ]
    assert not wrong, "\n\n".join(wrong)
    assert {0, 2} <= {verdict.code for verdict in verdicts}, "neither all inputs are bad, nor all are good"
