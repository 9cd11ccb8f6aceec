"""The log of a training: its curves and its time."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from bertkit.report.log import Log, read

LINES = [
    {"step": 1, "epoch": 0.5, "loss": 2.0, "loss_mlm": 1.5, "learning_rate": 0.1, "samples_per_second": 10.0},
    {"step": 2, "epoch": 1.0, "loss": 1.0, "loss_mlm": 0.5, "learning_rate": 0.2, "samples_per_second": 20.0},
    {"step": 2, "epoch": 1.0, "validation": {"accuracy": 0.5, "loss": 3.0}},
]


def written(folder: Path, *lines: object) -> Path:
    file = folder / "log.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return file


def test_curves(tmp_path: Path) -> None:
    log = read(written(tmp_path, *LINES))
    assert log.losses() == [
        ("training", [1, 2], [2.0, 1.0]),
        ("training, mlm", [1, 2], [1.5, 0.5]),
        ("validation", [2], [3.0]),
    ]
    assert log.figures("accuracy", "absent") == [("accuracy", [2], [0.5]), ("absent", [2], [None])]
    assert log.series("learning_rate") == [("learning_rate", [1, 2], [0.1, 0.2])]


def test_time(tmp_path: Path) -> None:
    log = read(written(tmp_path, *LINES))
    assert log.rate == 15.0
    assert log.seconds(100) == pytest.approx(50 / 10 + 50 / 20)
    without = Log([{key: value for key, value in LINES[0].items() if key != "samples_per_second"}])
    assert without.rate is None and without.seconds(100) is None


def test_a_step_that_was_trained_again_counts_once_and_a_broken_line_is_left_out(tmp_path: Path) -> None:
    file = written(tmp_path, *LINES, {**LINES[1], "loss": 0.75})
    file.write_text(file.read_text("utf-8") + '[]\n{"step": 3, "lo', "utf-8")
    assert [step["loss"] for step in read(file).steps] == [2.0, 0.75]


def test_no_log(tmp_path: Path) -> None:
    log = read(tmp_path / "log.jsonl")
    assert (log.losses(), log.rate, log.seconds(5)) == ([("training", [], []), ("validation", [], [])], None, None)


def test_lines_that_can_not_be_used_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    wrong = ["[]", "5", "", '{"step": "x", "loss": 1}', '{"step": 3, "loss": "high"}', "[" * 5000, '{"step": 3, "lo']
    file = written(tmp_path, *LINES)
    file.write_text(file.read_text("utf-8") + "\n".join(wrong), "utf-8")
    assert read(file).losses() == Log(LINES[:2], LINES[2:]).losses()
    assert set(caplog.messages) == {f"{file}: 7 of 10 lines can not be used"}
