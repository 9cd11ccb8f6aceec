"""The log file, the watch, the lines of progress, and stopping at a loss that is no number."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bertkit.errors import TrainingError
from bertkit.training.callbacks import LogFile, Progress, StopOnNonFinite, StopWatch, effective_batch

ARGS = SimpleNamespace(train_batch_size=4, gradient_accumulation_steps=2, world_size=3, learning_rate=1e-3)


def state(step: int = 1, most: int = 100) -> SimpleNamespace:
    return SimpleNamespace(global_step=step, max_steps=most, epoch=step / 10, is_world_process_zero=True)


def test_effective_batch_counts_accumulation_and_processes() -> None:
    assert effective_batch(ARGS) == 24


def test_watch_leaves_out_the_time_of_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    watch = StopWatch()
    watch.on_train_begin(ARGS, state(), None)
    now[0] = 2.0
    watch.on_step_end(ARGS, state(), None)
    now[0] = 1000.0
    watch.on_evaluate(ARGS, state(), None)
    now[0] = 1002.0
    watch.on_step_end(ARGS, state(), None)
    logs = {"loss": 1.0}
    watch.on_log(ARGS, state(), None, logs=logs)
    assert logs["samples_per_second"] == pytest.approx(2 * 24 / 4)
    now[0] = 1003.0
    watch.on_step_end(ARGS, state(), None)
    watch.on_log(ARGS, state(), None, logs=logs)
    assert logs["samples_per_second"] == pytest.approx(24)


def test_log_file_has_a_line_a_step_and_a_line_an_evaluation(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log.jsonl")
    step = {"loss": 0.5, "grad_norm": 1.0, "learning_rate": 1e-4, "samples_per_second": 9.0, "epoch": 0.1}
    log.on_log(ARGS, state(1), None, logs=step)
    log.on_log(ARGS, state(2), None, logs={"eval_accuracy": 0.75, "eval_loss": 0.4, "epoch": 0.2})
    log.on_log(ARGS, state(3), None, logs={"train_runtime": 3.0})
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines == [
        {"step": 1, "epoch": 0.1, "loss": 0.5, "grad_norm": 1.0, "learning_rate": 1e-4, "samples_per_second": 9.0},
        {"step": 2, "epoch": 0.2, "validation": {"accuracy": 0.75, "loss": 0.4}},
    ]


@pytest.mark.parametrize("logs", [{"loss": float("nan")}, {"loss": 1.0, "grad_norm": float("inf")}])
def test_a_loss_that_is_no_number_stops_the_training(logs: dict[str, float]) -> None:
    with pytest.raises(TrainingError, match=r"step 7 .*lower train\.learning_rate \(it was 0\.001\)"):
        StopOnNonFinite().on_log(ARGS, state(7), None, logs=logs)
    StopOnNonFinite().on_log(ARGS, state(7), None, logs={"loss": 0.0, "grad_norm": 0.0})


def test_a_log_gets_some_twenty_lines_with_rate_and_time_left(caplog: pytest.LogCaptureFixture, monkeypatch) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    progress = Progress(StopWatch())
    progress.on_train_begin(ARGS, state(0), None)
    with caplog.at_level(logging.INFO, logger="bertkit"):
        for step in range(1, 101):
            progress.on_log(ARGS, state(step), None, logs={"loss": 0.5})
        progress.on_log(ARGS, state(100), None, logs={"eval_accuracy": 0.75})
    said = caplog.messages
    assert 18 <= len(said) <= 22
    assert said[0].startswith("step 1/100  epoch 0.10  loss 0.5000")
    assert "samples/s" in said[0]
    assert "left" in said[0]
    assert said[-1] == "epoch 10.00: accuracy 0.75"
