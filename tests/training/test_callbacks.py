"""What happens beside the steps: log lines, rates by a fake clock, stopping where a number is none, plain progress."""

from __future__ import annotations

import errno
import io
import json
import logging
import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import EarlyStoppingCallback

from bertkit.errors import PluginError, RecipeError, TrainingError
from bertkit.training import callbacks
from bertkit.training.callbacks import LogFile, ShowProgress, StopOnNonFinite, StopWatch, effective_batch, make_callback
from tests.helpers import messages

ARGS: Any = SimpleNamespace(
    train_batch_size=8,
    gradient_accumulation_steps=2,
    world_size=3,
    learning_rate=5e-5,
    load_best_model_at_end=True,
)


def state(step: int = 1, steps: int = 100, epoch: float | None = 0.5, first: bool = True) -> Any:
    return SimpleNamespace(global_step=step, max_steps=steps, epoch=epoch, is_world_process_zero=first)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`clock.now` is the time in seconds."""
    time = SimpleNamespace(now=100.0)
    monkeypatch.setattr(callbacks.time, "perf_counter", lambda: time.now)
    return time


def test_the_effective_batch_counts_accumulation_and_processes() -> None:
    assert effective_batch(ARGS) == 48


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_the_log_file_has_a_line_a_logged_step_and_a_line_an_evaluation(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log.jsonl")
    step = {"loss": 0.7, "grad_norm": 1.5, "learning_rate": 1e-5, "samples_per_second": 9.0, "epoch": 0.33333333}
    log.on_log(ARGS, state(3, epoch=1 / 3), None, logs=step)
    log.on_log(ARGS, state(6, epoch=None), None, logs={"eval_accuracy": 0.5, "eval_loss": 0.6, "epoch": 1.0})
    log.on_log(ARGS, state(9), None, logs={"train_runtime": 3.0})
    log.on_log(ARGS, state(9), None, logs=None)
    assert lines(tmp_path / "log.jsonl") == [
        {"step": 3, "epoch": 0.3333, "loss": 0.7, "grad_norm": 1.5, "learning_rate": 1e-5, "samples_per_second": 9.0},
        {"step": 6, "epoch": 0.0, "validation": {"accuracy": 0.5, "loss": 0.6}},
    ]


def test_only_the_first_process_writes_and_speaks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    for callback in (LogFile(tmp_path / "log.jsonl"), ShowProgress(StopWatch())):
        callback.on_log(ARGS, state(first=False), None, logs={"loss": 1.0})
    assert not (tmp_path / "log.jsonl").exists()
    assert messages(caplog) == []


def test_an_undefined_figure_leaves_valid_json(tmp_path: Path) -> None:
    """NaN is not JSON: an evaluation may have a figure that is undefined (auc of rows with one label)."""
    LogFile(tmp_path / "log.jsonl").on_log(ARGS, state(), None, logs={"eval_auc": math.nan, "eval_loss": 0.5})
    text = (tmp_path / "log.jsonl").read_text("utf-8")
    assert json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))["validation"]["loss"] == 0.5


@pytest.mark.parametrize("name", ["loss", "grad_norm"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_stops_the_training(name: str, value: float) -> None:
    with pytest.raises(TrainingError) as caught:
        StopOnNonFinite().on_log(ARGS, state(7), None, logs={"loss": 0.5, "grad_norm": 1.0, name: value})
    assert str(caught.value).startswith(f"step 7  the {name} is {value}: the training has diverged; lower train.")
    assert "5e-05" in str(caught.value)


def test_finite_numbers_and_evaluations_do_not_stop_it() -> None:
    for logs in ({"loss": 1e30, "grad_norm": 0.0}, {"eval_loss": math.nan}, {}, None):
        StopOnNonFinite().on_log(ARGS, state(), None, logs=logs)


def test_the_rate_is_samples_by_seconds_of_training(clock: Any) -> None:
    watch = StopWatch()
    watch.on_train_begin(ARGS, state(), None)
    for _ in range(4):
        clock.now += 2.0
        watch.on_step_end(ARGS, state(), None)
    logs = {"loss": 0.5}
    watch.on_log(ARGS, state(), None, logs=logs)
    assert logs["samples_per_second"] == watch.rate == 48 / 2


def test_the_rate_is_of_the_steps_since_the_last_log(clock: Any) -> None:
    watch = StopWatch()
    watch.on_train_begin(ARGS, state(), None)
    for seconds, expected in ((1.0, 48.0), (4.0, 12.0)):
        clock.now += seconds
        watch.on_step_end(ARGS, state(), None)
        watch.on_log(ARGS, state(), None, logs={"loss": 0.5})
        assert watch.rate == expected


def test_evaluating_and_saving_do_not_count(clock: Any) -> None:
    watch = StopWatch()
    watch.on_train_begin(ARGS, state(), None)
    clock.now += 1.0
    watch.on_step_end(ARGS, state(), None)
    clock.now += 500.0
    watch.on_evaluate(ARGS, state(), None)
    clock.now += 300.0
    watch.on_save(ARGS, state(), None)
    clock.now += 1.0
    watch.on_step_end(ARGS, state(), None)
    watch.on_log(ARGS, state(), None, logs={"loss": 0.5})
    assert watch.rate == 48.0


def test_the_rate_is_not_of_other_logs(clock: Any) -> None:
    watch = StopWatch()
    logs = {"eval_loss": 0.5}
    watch.on_log(ARGS, state(), None, logs=logs)
    watch.on_log(ARGS, state(), None, logs=None)
    assert logs == {"eval_loss": 0.5}
    assert watch.rate == 0.0


def test_progress_in_a_log_is_plain_lines_about_twenty(clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    watch = StopWatch()
    watch.rate = 12.4
    progress = ShowProgress(watch)
    progress.on_train_begin(ARGS, state(0, 1000), None)
    for step in range(1, 1001):
        clock.now += 4.0
        progress.on_log(ARGS, state(step, 1000, step / 500), None, logs={"loss": 0.54321})
    said = messages(caplog)
    assert 18 <= len(said) <= 21
    assert said[0] == "step 1/1000  epoch 0.00  loss 0.5432  12 samples/s  1:06:36 left"
    assert said[1] == "step 51/1000  epoch 0.10  loss 0.5432  12 samples/s  1:03:16 left"
    assert said[-1].endswith(("left",))
    assert "step 951/1000" in said[-1]


def test_a_training_by_time_says_the_time_that_is_left(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    budget: Any = SimpleNamespace(elapsed=0.0, seconds=1200.0)
    progress = ShowProgress(StopWatch(), budget)
    progress.on_train_begin(ARGS, state(0, 10**9), None)
    logs = {"loss": 0.5, "loss_mlm": 0.4, "loss_nsp": 0.1}
    for step in range(1, 401):
        budget.elapsed = 3.0 * step
        progress.on_log(ARGS, state(step, 10**9, step / 500), None, logs=logs)
    said = messages(caplog)
    assert 18 <= len(said) <= 21
    assert said[0] == "step 1  epoch 0.00  loss 0.5000 (mlm 0.4000, nsp 0.1000)  0 samples/s  19:57 left"
    assert said[-1].endswith("0:57 left")


def test_parts_of_the_loss_stand_beside_it_in_the_log(tmp_path: Path) -> None:
    logs = {"loss": 0.5, "grad_norm": 1.0, "loss_mlm": 0.4, "loss_nsp": 0.1, "other": 1.0}
    LogFile(tmp_path / "log.jsonl").on_log(ARGS, state(), None, logs=logs)
    (line,) = lines(tmp_path / "log.jsonl")
    assert list(line) == ["step", "epoch", "loss", "loss_mlm", "loss_nsp", "grad_norm"]


def test_a_short_training_says_every_logged_step(clock: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    progress = ShowProgress(StopWatch())
    progress.on_train_begin(ARGS, state(0, 3), None)
    for step in (1, 2, 3):
        progress.on_log(ARGS, state(step, 3), None, logs={"loss": 1.0})
    assert [line.split()[1] for line in messages(caplog)] == ["1/3", "2/3", "3/3"]


def test_every_evaluation_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    ShowProgress(StopWatch()).on_log(ARGS, state(epoch=1.0), None, logs={"eval_accuracy": 0.87654, "eval_loss": 0.5})
    assert messages(caplog) == ["epoch 1.00: accuracy 0.8765, loss 0.5"]


def test_a_bar_on_a_terminal_and_none_left_behind(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks.sys, "stderr", SimpleNamespace(isatty=lambda: True, write=len, flush=lambda: None))
    progress = ShowProgress(StopWatch())
    progress.on_train_begin(ARGS, state(0, 10), None)
    bar = progress._bar
    assert bar.live.is_started
    progress.on_step_end(ARGS, state(4, 10), None)
    progress.on_log(ARGS, state(4, 10), None, logs={"loss": 0.5})
    assert bar.tasks[0].completed == 4
    assert "loss 0.500" in bar.tasks[0].fields["logged"]
    progress.close()
    assert not bar.live.is_started
    progress.on_train_end(ARGS, state(10, 10), None)


def test_a_callback_by_name_with_and_without_arguments() -> None:
    assert isinstance(make_callback("early_stopping", ARGS), EarlyStoppingCallback)
    stopping: Any = make_callback({"early_stopping": {"early_stopping_patience": 7}}, ARGS)
    assert stopping.early_stopping_patience == 7
    assert isinstance(make_callback("transformers:EarlyStoppingCallback", ARGS), EarlyStoppingCallback)


@pytest.mark.parametrize(
    ("item", "kind", "problem"),
    [
        ({"early_stopping": {"patience": 3}}, RecipeError, "patience"),
        ({"early_stopping": {"early_stopping_patience": "3"}}, RecipeError, "expected a number, got '3'"),
        ("early_stoping", PluginError, "did you mean early_stopping?"),
        ("json:loads", PluginError, "not a TrainerCallback"),
        ("json:JSONDecoder", PluginError, "not a TrainerCallback"),
        ("math:pi", PluginError, "not a TrainerCallback"),
    ],
)
def test_what_is_no_callback_is_told(item: Any, kind: type[Exception], problem: str) -> None:
    with pytest.raises(kind) as caught:
        make_callback(item, ARGS)
    assert problem in str(caught.value)
    assert str(caught.value).startswith("callbacks")


def test_a_callback_that_raises_names_its_line(tmp_path: Path) -> None:
    head = "from transformers import TrainerCallback\n"
    text = "class Mine(TrainerCallback):\n    def __init__(self):\n        raise KeyError('a')\n"
    (tmp_path / "mine.py").write_text(head + text)
    with pytest.raises(PluginError, match=r"raised KeyError: 'a' \(.*mine\.py:4\)"):
        make_callback(f"{tmp_path}/mine.py:Mine", ARGS)


def test_early_stopping_needs_evaluations() -> None:
    without = SimpleNamespace(**{**vars(ARGS), "load_best_model_at_end": False})
    with pytest.raises(RecipeError, match="early_stopping needs evaluations and the best checkpoint"):
        make_callback("early_stopping", without)


def test_what_is_no_callback_is_never_called(tmp_path: Path) -> None:
    reached = tmp_path / "reached"
    with pytest.raises(PluginError, match="not a TrainerCallback"):
        make_callback({"os:system": {"command": f"touch {reached}"}}, SimpleNamespace(load_best_model_at_end=True))
    assert not reached.exists()


def test_a_resumed_log_loses_later_and_broken_lines_alone(tmp_path: Path) -> None:
    file, log = tmp_path / "log.jsonl", LogFile(tmp_path / "log.jsonl")
    kept = ['{"step": 1, "epoch": 0.5, "loss": 1.0}\n', '{"step": 2, "validation": {"f1": null}}\n']
    others = ["[]\n", "5\n", '{"loss": 1}\n', '{"step": 3, "loss": 1.0}\n', '{"step": 2']
    file.write_text("".join([kept[0], *others[:3], kept[1], *others[3:]]))
    log.on_train_begin(ARGS, state(2), None)
    assert file.read_text() == "".join(kept)


def test_a_terminal_that_goes_away_does_not_end_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Gone())
    progress = ShowProgress(StopWatch())
    progress.on_train_begin(ARGS, state(), None)
    progress.on_step_end(ARGS, state(3), None)
    progress.close()


def test_the_last_step_is_logged() -> None:
    for step, logged in ((99, False), (100, True)):
        control = SimpleNamespace(should_log=False)
        StopOnNonFinite().on_step_end(ARGS, state(step), control)
        assert control.should_log == logged
