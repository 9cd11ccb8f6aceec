"""The contract of a task: all that training, evaluation and prediction know of a problem.

    row -> encode -> example -> collator -> batch -> model -> head.reduce -> outputs -> decode -> answer

Training, `bertkit eval` and `bertkit predict` all take this one way. Three concerns, each on a page of its own:

- the problem (problem.py): columns, what is learnt from the rows, metrics;
- the codec (codec.py): rows to examples and batches, outputs to answers, answers to columns and back;
- the head (head.py): how the model is built, its loss, and what of its outputs is kept.

A new task is a class with the first two and a Head with the third; docs/plugins.md writes one.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from bertkit.engine.examples import Encoded, Outputs
from bertkit.recipe.load import task_options
from bertkit.recipe.schema import Recipe
from bertkit.tasks.codec import Codec, Mark
from bertkit.tasks.head import Head, LabelHead
from bertkit.tasks.problem import Answer, Rows, TaskProblem, Verdict

__all__ = [
    "Answer",
    "Codec",
    "Encoded",
    "Head",
    "LabelHead",
    "Mark",
    "Outputs",
    "Rows",
    "Task",
    "TaskOptions",
    "TaskProblem",
    "Verdict",
    "make_task",
]


class TaskOptions(BaseModel):
    """Base of every task's `options:` block."""

    renamed: ClassVar[dict[str, str]] = {}
    """Former name of an option -> its present one: an error that names it; in a Run of that time it still opens."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Task(TaskProblem, Codec):
    """A problem with its codec and head. Nothing depends on the order of calls, but that `state` is known.

    Args:
        options: an instance of `Options`.
        state: what the task has learnt from training and validation rows, as JSON values; saved in the Run.
    """

    Options: ClassVar[type[TaskOptions]] = TaskOptions
    Head: ClassVar[type[Head]]

    def __init__(self, options: Any, state: dict[str, Any] | None = None):
        self.options = options
        self.state = dict(state or {})
        self.head = self.Head(options, self.state)


def make_task(recipe: Recipe, state: dict[str, Any] | None = None) -> Task:
    """The task of a checked recipe; `state` is what a Run remembers of its training."""
    kind, options = task_options(recipe)
    return kind(options, state)
