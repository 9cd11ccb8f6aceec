"""Curves, speed and duration of a training, from its `log.jsonl`."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import BaseModel

from bertkit.files.json_file import parse
from bertkit.report.plots import Series

log = logging.getLogger("bertkit")


class _Line(BaseModel):
    """A line of a log, which holds more numbers."""

    step: int
    epoch: float = 0.0
    loss: float | None = None
    learning_rate: float | None = None
    samples_per_second: float | None = None
    validation: dict[str, float | None] = {}


@dataclass(frozen=True)
class Log:
    """The lines of a log, in the order of their steps; of a step that was repeated after a resume, the last line."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    """Logged training steps: `step`, `epoch`, `loss`, `learning_rate`, `samples_per_second`."""
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    """`step`, `epoch`, and figures under `validation`."""

    def series(self, *names: str) -> list[Series]:
        """Values logged at training steps."""
        return [(name, [s["step"] for s in self.steps], [s.get(name) for s in self.steps]) for name in names]  # type: ignore[misc]

    def losses(self) -> list[Series]:
        """Training loss, its parts if it has several, and validation loss."""
        parts = [name for name in (self.steps[-1] if self.steps else {}) if name.startswith("loss_")]
        training = [
            ("training" + name.removeprefix("loss").replace("_", ", "), x, y)
            for name, x, y in self.series("loss", *parts)
        ]
        return [*training, *(("validation", x, y) for _, x, y in self.figures("loss"))]

    def figures(self, *names: str) -> list[Series]:
        """Figures of the evaluations."""
        steps = [line["step"] for line in self.evaluations]
        return [(name, steps, [line["validation"].get(name) for line in self.evaluations]) for name in names]

    @property
    def rate(self) -> float | None:
        """Samples per second: the median of the logged values."""
        rates = [s["samples_per_second"] for s in self.steps if s.get("samples_per_second")]
        return median(rates) if rates else None

    def seconds(self, rows: int) -> float | None:
        """Approximate seconds of all training steps; None if the log has no rates.

        Each line covers a share of an epoch since the line before it, at the rate that it gives.

        Args:
            rows: rows of an epoch.
        """
        seconds, epoch = 0.0, 0.0
        for step in self.steps:
            if not step.get("samples_per_second") or step.get("epoch") is None:
                return None
            seconds += (step["epoch"] - epoch) * rows / step["samples_per_second"]
            epoch = step["epoch"]
        return seconds or None


def read(file: Path) -> Log:
    """Read the log of a Run; empty if there is no file. Lines that can not be used, as after a power failure, are left
    out and counted."""
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    parsed = [line for text in lines if (line := parse_line(text))]
    if lost := len(lines) - len(parsed):
        log.warning("%s: %d of %d lines can not be used", file, lost, len(lines))
    steps: dict[int, dict[str, Any]] = {}
    evaluations: dict[int, dict[str, Any]] = {}
    for line in parsed:
        if "validation" in line:
            evaluations[line["step"]] = line
        elif "loss" in line:
            steps[line["step"]] = line
    return Log(*([lines[step] for step in sorted(lines)] for lines in (steps, evaluations)))


def parse_line(text: str) -> dict[str, Any] | None:
    """A line of a log; None if it is incomplete or no line of a log."""
    try:
        return parse(text, _Line)
    except ValueError:
        return None
