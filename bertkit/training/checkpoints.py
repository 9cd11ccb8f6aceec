"""Checkpoints, written to a folder `.saving`, listed with their file sizes, then renamed into place.

A process that is killed at any moment leaves either the old state of the folder or the new one, and perhaps a `.saving`
that nobody reads. The list of files shows when a checkpoint lost some of them later, on a broken disk or in a copy.
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
    """Whether nothing is left to train: all steps are done, or a callback stopped the training there."""
    state = state_of(checkpoint)
    control = state["stateful_callbacks"].get("TrainerControl", {}).get("args", {})
    return state["global_step"] >= state["max_steps"] or bool(control.get("should_training_stop"))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


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
