"""Checkpoints, written to a folder `.saving`, listed with their file sizes, then renamed into place.

A process that is killed at any moment leaves either the old state of the folder or the new one, and perhaps a `.saving`
that nobody reads. The list of files shows when a checkpoint lost some of them later, on a broken disk or in a copy.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bertkit.errors import RunError
from bertkit.fs import write_json
from bertkit.json_file import read_json

log = logging.getLogger("bertkit")

PREFIX = "checkpoint-"
LIST = "files.json"
STATE = "trainer_state.json"
RUNNING = "running_loss.json"
REMEDY = "remove this checkpoint: an older one is taken, else the training starts again"


class _State(BaseModel):
    """What is read from Trainer's state, which holds more."""

    global_step: int
    max_steps: int
    stateful_callbacks: dict[str, dict[str, Any] | list[dict[str, Any]]]


class _Running(BaseModel):
    """Sums since the last logged step, and what the budget has spent."""

    loss: float
    since: int
    parts: list[float] | None = None
    budget: dict[str, Any] | None = None


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of a Run, in `folder`. Their names and files are those of Trainer."""

    folder: Path

    @property
    def aside(self) -> Path:
        """The folder into which Trainer writes a checkpoint before it counts."""
        return self.folder / ".saving"

    def unsealed(self, step: int) -> Path:
        """The checkpoint of a step while it is being written."""
        return self.aside / f"{PREFIX}{step}"

    def path(self, step: int) -> Path:
        return self.folder / f"{PREFIX}{step}"

    def seal(self, step: int) -> None:
        """Move a finished checkpoint into place; it replaces an older one of the same step."""
        new, final = self.unsealed(step), self.path(step)
        write_json(new / LIST, {str(file.relative_to(new)): file.stat().st_size for file in _files(new)})
        if final.exists():
            final.rename(self.aside / "replaced")
        new.rename(final)
        self.sweep()

    def sweep(self) -> None:
        """Remove an unfinished checkpoint that a killed process left behind."""
        shutil.rmtree(self.aside, ignore_errors=True)

    def all(self) -> list[Path]:
        """All checkpoints, complete or not, the newest last."""
        paths = [path for path in self.folder.glob(f"{PREFIX}*") if path.name.removeprefix(PREFIX).isdigit()]
        return sorted(paths, key=step_of)

    def last(self) -> Path | None:
        """The newest complete checkpoint; incomplete ones are skipped with a warning."""
        for new in self.aside.glob(f"{PREFIX}*"):
            if not damage(new):  # killed between the two renames of `seal`
                with contextlib.suppress(OSError):  # another process was faster
                    new.rename(self.folder / new.name)
        for path in reversed(self.all()):
            lost = damage(path)
            if not lost:
                return path
            log.warning("%s is incomplete (%s): skipped", path, lost)
        return None

    def rotate(self, limit: int | None, best: int | None) -> None:
        """Delete all but the newest `limit` complete checkpoints (None: keep all), the best and the last."""
        if limit is None:
            return
        broken = [path for path in self.all() if damage(path) and step_of(path) != best]
        *older, _ = [path for path in self.all() if path not in broken]
        spare = [path for path in older if step_of(path) != best]
        protected = 1 + len(older) - len(spare)
        for path in broken + spare[: len(spare) - max(0, limit - protected)]:
            shutil.rmtree(path, ignore_errors=True)


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix(PREFIX))


def damage(checkpoint: Path) -> str:
    """The first file that is missing or has another size than was written; empty for a complete checkpoint."""
    try:
        sizes = read_json(checkpoint / LIST, dict[str, int], error=RunError, remedy=REMEDY)
    except RunError:
        return f"no {LIST}"
    for name, size in sizes.items():
        file = checkpoint / name
        if not file.is_file():
            return f"no {name}"
        if file.stat().st_size != size:
            return f"{name} has {file.stat().st_size} of {size} bytes"
    return ""


def state_of(checkpoint: Path) -> dict[str, Any]:
    """Trainer's state in a checkpoint."""
    return read_json(checkpoint / STATE, _State, error=RunError, remedy=REMEDY, nan=True)


def running_of(checkpoint: Path) -> dict[str, Any]:
    """The sums since the last logged step, in a checkpoint."""
    return read_json(checkpoint / RUNNING, _Running, error=RunError, remedy=REMEDY, nan=True)


def is_final(checkpoint: Path) -> bool:
    """Whether nothing is left to train: all steps are done, or a callback stopped the training there."""
    state = state_of(checkpoint)
    control = state["stateful_callbacks"].get("TrainerControl", {}).get("args", {})
    return state["global_step"] >= state["max_steps"] or bool(control.get("should_training_stop"))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
