"""Checkpoints, written to a folder `.saving`, listed with the hashes of their files, then renamed into place.

A process that is killed at any moment leaves either the old state of the folder or the new one, and perhaps a `.saving`
that nobody reads; all is flushed to the disk before the rename, so a power cut does the same. The list shows when a
file changed later, on a broken disk or in a copy: a checkpoint is loaded only if every byte is what was written. The
price is about 1 s per GB for each hashing (BERT-base with its optimizer: 1.3 GB).
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bertkit.errors import RunError
from bertkit.files import manifest
from bertkit.files.json_file import read_json
from bertkit.files.manifest import Manifest, manifest_of
from bertkit.fs import settle, sync

log = logging.getLogger("bertkit")

PREFIX = "checkpoint-"
LIST = "files.json"
STATE = "trainer_state.json"
RUNNING = "running_loss.json"
DATA_MAP = "data_map.npz"
"""What watch/dynamics.py has recorded."""
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
        (new / LIST).write_text(json.dumps(manifest_of(new), indent=2), "utf-8")
        settle(new)
        if final.exists():
            final.rename(self.aside / "replaced")
        new.rename(final)
        sync(self.folder)
        self.sweep()

    def sweep(self) -> None:
        """Remove an unfinished checkpoint that a killed process left behind."""
        shutil.rmtree(self.aside, ignore_errors=True)

    def all(self) -> list[Path]:
        """All checkpoints, complete or not, the newest last."""
        paths = [path for path in self.folder.glob(f"{PREFIX}*") if path.name.removeprefix(PREFIX).isdigit()]
        return sorted(paths, key=step_of)

    def last(self) -> Path | None:
        """The newest whole checkpoint, every byte compared; damaged ones are skipped with a warning."""
        for new in self.aside.glob(f"{PREFIX}*"):
            if not damage(new):  # killed between the two renames of `seal`
                with contextlib.suppress(OSError):  # another process was faster
                    new.rename(self.folder / new.name)
        for path in reversed(self.all()):
            harm = damage(path)
            if not harm:
                return path
            log.warning("%s is damaged (%s): skipped", path, harm)
        return None

    def rotate(self, step: int, limit: int | None, best: int | None) -> None:
        """Delete all but the newest `limit` complete checkpoints (None: keep all), the best and the last.

        Args:
            step: of the checkpoint that was just written: those after it were skipped as damaged.
        """
        if limit is None:
            return
        broken = [
            path
            for path in self.all()
            if step_of(path) != best and (step_of(path) > step or damage(path, content=False))
        ]
        *older, _ = [path for path in self.all() if path not in broken]
        spare = [path for path in older if step_of(path) != best]
        protected = 1 + len(older) - len(spare)
        for path in broken + spare[: len(spare) - max(0, limit - protected)]:
            shutil.rmtree(path, ignore_errors=True)


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix(PREFIX))


def damage(checkpoint: Path, *, content: bool = True) -> str:
    """The first file that is missing or not as it was written (see `manifest.damage`); empty for a whole checkpoint."""
    try:
        files = read_json(checkpoint / LIST, Manifest, error=RunError, remedy=REMEDY)
    except RunError:
        return f"no {LIST}"
    return manifest.damage(checkpoint, files, content=content)


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


def wins_tie(state: Any, metrics: dict[str, float], figure: str) -> bool:
    """Whether an evaluation equals the best so far in the figure that selects the checkpoint, and has a lower loss.

    Trainer keeps the first of equal checkpoints: where all of a few validation rows are soon right, a model that has
    hardly begun to learn.

    Args:
        state: Trainer's; its log has the loss of the best evaluation.
    """
    if state.best_global_step is None or metrics[figure] != state.best_metric:
        return False
    losses = [line["eval_loss"] for line in state.log_history
              if line["step"] == state.best_global_step and "eval_loss" in line]  # fmt: skip
    return bool(losses) and metrics["eval_loss"] < losses[-1]
