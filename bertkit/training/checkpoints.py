"""Checkpoints that are whole or not there: written aside, listed with their sizes, then renamed into place.

A process that is killed at any moment leaves either the old state of the folder or the new one, and perhaps a folder
`.saving` that nobody reads. A checkpoint that lost part of its files later (a disk, a copy) is known by its list.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertkit.fs import write_json

log = logging.getLogger("bertkit")

PREFIX = "checkpoint-"
LIST = "files.json"
STATE = "trainer_state.json"


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of a Run, in `folder`; names and files inside are Trainer's."""

    folder: Path

    @property
    def aside(self) -> Path:
        """Where Trainer writes one before it counts."""
        return self.folder / ".saving"

    def path(self, step: int) -> Path:
        return self.folder / f"{PREFIX}{step}"

    def seal(self, step: int) -> None:
        """Make the checkpoint that was written aside count, in the place of an older one of the same step."""
        new, final = self.aside / f"{PREFIX}{step}", self.path(step)
        write_json(new / LIST, {str(file.relative_to(new)): file.stat().st_size for file in _files(new)})
        if final.exists():
            final.rename(self.aside / "replaced")
        new.rename(final)
        self.sweep()

    def sweep(self) -> None:
        """Remove what a killed process left aside."""
        shutil.rmtree(self.aside, ignore_errors=True)

    def all(self) -> list[Path]:
        """All that there are, whole or not, the newest last."""
        found = [path for path in self.folder.glob(f"{PREFIX}*") if path.name.removeprefix(PREFIX).isdigit()]
        return sorted(found, key=step_of)

    def last(self) -> Path | None:
        """The newest whole one; those passed over are named in the log."""
        for new in self.aside.glob(f"{PREFIX}*"):
            if not what_is_torn(new):  # killed between the two renames of `seal`
                with contextlib.suppress(OSError):  # another process was faster
                    new.rename(self.folder / new.name)
        for path in reversed(self.all()):
            torn = what_is_torn(path)
            if not torn:
                return path
            log.warning("%s is torn (%s): passed over", path, torn)
        return None

    def rotate(self, limit: int | None, best: int | None) -> None:
        """Keep the newest `limit` whole ones (None: all), the best step's and the last one."""
        if limit is None:
            return
        torn = [path for path in self.all() if what_is_torn(path) and step_of(path) != best]
        *older, _ = [path for path in self.all() if path not in torn]
        spare = [path for path in older if step_of(path) != best]
        protected = 1 + len(older) - len(spare)
        for path in torn + spare[: len(spare) - max(0, limit - protected)]:
            shutil.rmtree(path, ignore_errors=True)


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix(PREFIX))


def what_is_torn(checkpoint: Path) -> str:
    """Which file of a checkpoint is not as it was written; empty where all are."""
    try:
        sizes: dict[str, int] = json.loads((checkpoint / LIST).read_text("utf-8"))
    except (OSError, ValueError):
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
    return json.loads((checkpoint / STATE).read_text("utf-8"))


def is_final(checkpoint: Path) -> bool:
    """Whether nothing is left to train: all steps are done, or a callback had ended the training there."""
    state = state_of(checkpoint)
    control = state["stateful_callbacks"].get("TrainerControl", {}).get("args", {})
    return state["global_step"] >= state["max_steps"] or bool(control.get("should_training_stop"))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
