"""What a Run's training started from: no model is out of fold that has seen the labels of all rows before."""

from __future__ import annotations

from pathlib import Path

from bertkit.run import Run
from bertkit.tasks.task import make_task


def trained_on_labels(run: Run) -> str:
    """What is wrong with the encoder that a training started from, if a Run trained it on labels; else empty."""
    name = run.recipe.model.name
    for folder in (Path(name), Path(name).parent) if name else ():
        before = Run(folder)
        if before.is_begun and any(column.answer for column in make_task(before.recipe).columns):
            return f"{name} was trained on labels, perhaps on those of these rows"
    return ""
