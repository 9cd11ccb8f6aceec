"""Callbacks: the log file, progress, and stopping a training that has diverged.

A callback is Hugging Face's `TrainerCallback`; `callbacks:` names built-ins, entry points or References.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from transformers import TrainerCallback, TrainingArguments

from bertkit import plugins
from bertkit.errors import PluginError, RecipeError, TrainingError
from bertkit.fs import without_nan, write_text, writing
from bertkit.progress import clock, per_second
from bertkit.report.log import parse_line

if TYPE_CHECKING:
    from bertkit.training.watch.budget import Budget

log = logging.getLogger("bertkit")

LINES = 20
"""Progress lines per training when the output is not a terminal; `log.jsonl` has every logged step."""

CALLBACKS = {
    "early_stopping": "transformers:EarlyStoppingCallback",
}


def make_callback(entry: str | dict[str, dict[str, Any]], args: TrainingArguments) -> TrainerCallback:
    """The callback for an entry of a recipe's `callbacks:`: a name, or a name with arguments.

    Raises:
        RecipeError: arguments that the callback does not take.
        PluginError: no such callback, not a TrainerCallback, or one that raises.
    """
    reference, values = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
    where = f"callbacks.{reference}"
    if reference == "early_stopping" and not args.load_best_model_at_end:
        todo = "set train.eval_strategy to epoch or steps, and remove load_best_model_at_end: false"
        raise RecipeError.at("callbacks", "early_stopping needs evaluations and the best checkpoint", todo)
    kind = plugins.find("callback", reference, where=where)
    if not (isinstance(kind, type) and issubclass(kind, TrainerCallback)):  # before the call, which could do anything
        raise PluginError.at(where, "not a TrainerCallback", "a callback is a subclass of transformers.TrainerCallback")
    takes = inspect.signature(kind).parameters
    for name, value in values.items():
        number = name in takes and takes[name].annotation in (int, float, "int", "float")
        if number and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise RecipeError.at(f"{where}.{name}", f"expected a number, got {value!r}")
    try:
        return kind(**values)
    except TypeError as error:
        raise RecipeError.at(where, str(error), f"it takes {', '.join(takes) or 'no arguments'}") from error
    except Exception as error:
        raise PluginError.at(where, plugins.raised(error), "correct it, or give it other arguments") from error


class StopWatch(TrainerCallback):
    """Samples per second, not counting evaluation and checkpointing. The first callback: others read its `rate`."""

    def __init__(self) -> None:
        self.rate = 0.0
        self._seconds = self._steps = 0.0
        self._since = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        now = time.perf_counter()
        self._seconds, self._steps, self._since = self._seconds + now - self._since, self._steps + 1, now

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        if logs is not None and "loss" in logs and self._seconds:
            self.rate = self._steps * effective_batch(args) / self._seconds
            logs["samples_per_second"] = round(self.rate, 2)
            self._seconds = self._steps = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._since = time.perf_counter()

    on_evaluate = on_save = on_train_begin


class LogFile(TrainerCallback):
    """`log.jsonl`: one line per logged step, and one per evaluation with its figures under `validation`."""

    def __init__(self, file: Path):
        self.file = file

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Remove lines that a killed training logged after the checkpoint: their steps are trained again."""
        if state.is_world_process_zero and self.file.is_file():
            lines = self.file.read_text("utf-8", "replace").splitlines(keepends=True)
            known = [(line, parse_line(line)) for line in lines if line.endswith("\n")]
            write_text(self.file, "".join(line for line, log in known if log and log["step"] <= state.global_step))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        logs = logs or {}
        if not state.is_world_process_zero:
            return
        line: dict[str, Any] = {"step": state.global_step, "epoch": round(state.epoch or 0.0, 4)}
        if "loss" in logs:
            names = ("loss", *_parts(logs), "grad_norm", "learning_rate", "samples_per_second")
            line |= {name: logs[name] for name in names if name in logs}
        elif figures := _figures(logs):
            line["validation"] = figures
        else:
            return
        with writing(self.file), self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(without_nan(line)) + "\n")


class StopOnNonFinite(TrainerCallback):
    """Stop on a loss or gradient that is not finite: training does not recover from it. The last step is always logged,
    so that none ends with one."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        control.should_log |= state.global_step >= state.max_steps

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        for name in ("loss", "grad_norm"):
            value = (logs or {}).get(name)
            if value is not None and not math.isfinite(value):
                todo = f"lower train.learning_rate (it was {args.learning_rate:g}), or train without fp16"
                raise TrainingError.at(
                    f"step {state.global_step}", f"the {name} is {value}: the training has diverged", todo
                )


class _Terminal:
    """Standard error, which may be closed during a training, whose end that must not be."""

    def __init__(self) -> None:
        self._stream = sys.stderr  # rich puts one of its own in its place

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class ShowProgress(TrainerCallback):
    """A progress bar with samples/s and time left on a terminal; plain lines elsewhere."""

    def __init__(self, watch: StopWatch, budget: Budget | None = None):
        self.watch, self.budget = watch, budget
        self._bar: Any = None
        self._task: Any = None
        self._start = 0.0
        self._first_step = 0
        self._next_line = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._start, self._first_step = time.perf_counter(), state.global_step
        if not (state.is_world_process_zero and sys.stderr and sys.stderr.isatty()):
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            TextColumn("{task.fields[step]}"),
            TextColumn("{task.fields[logged]}"),
            TimeRemainingColumn(),
            console=Console(file=cast(TextIO, _Terminal())),
        )
        self._bar.start()
        done, total = self._done(state)
        self._task = self._bar.add_task("training", total=total, completed=done, step=self._step(state), logged="")

    def _done(self, state: Any) -> tuple[float, float]:
        """What is done, and the total: in steps, or in seconds."""
        return (self.budget.elapsed, self.budget.seconds) if self.budget else (state.global_step, state.max_steps)

    def _step(self, state: Any) -> str:
        return f"{state.global_step}" if self.budget else f"{state.global_step}/{state.max_steps}"

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self._bar:
            self._bar.update(self._task, completed=self._done(state)[0], step=self._step(state))

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        logs = logs or {}
        if figures := _figures(logs):
            text = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
            log.info("epoch %.2f: %s", state.epoch or 0, text)
        elif "loss" in logs and self._bar:
            self._bar.update(self._task, logged=f"{_losses(logs, 3)}  {per_second(self.watch.rate, 'samples')}")
        elif "loss" in logs and (done := self._done(state))[0] >= self._next_line:
            self._next_line = done[0] + done[1] / LINES
            left = done[1] - done[0]
            if not self.budget:
                left *= (time.perf_counter() - self._start) / (state.global_step - self._first_step)
            log.info(
                "step %s  epoch %.2f  %s  %s  %s left",
                *(self._step(state), state.epoch or 0, _losses(logs, 4)),
                *(per_second(self.watch.rate, "samples"), clock(max(0, left))),
            )

    def close(self) -> None:
        """Remove the progress bar, also after an error."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.close()


def effective_batch(args: Any) -> int:
    """Rows per optimiser step: batch x accumulation x processes."""
    return args.train_batch_size * args.gradient_accumulation_steps * args.world_size


def _parts(logs: dict[str, float]) -> dict[str, float]:
    """The parts of the loss, if there are several."""
    return {name: value for name, value in logs.items() if name.startswith("loss_")}


def _losses(logs: dict[str, float], digits: int) -> str:
    parts = ", ".join(f"{name.removeprefix('loss_')} {value:.{digits}f}" for name, value in _parts(logs).items())
    return f"loss {logs['loss']:.{digits}f}" + (f" ({parts})" if parts else "")


def _figures(logs: dict[str, float]) -> dict[str, float]:
    return {name.removeprefix("eval_"): value for name, value in logs.items() if name.startswith("eval_")}
