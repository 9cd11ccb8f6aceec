"""The contract of a task: the interface that training, evaluation and prediction use.

    row -> encode -> example -> collator -> batch -> model -> head.reduce -> outputs -> decode -> answer

Training, `bertkit eval` and `bertkit predict` all use this one path. It has three parts, each in a file of its own:

- the problem (problem.py): columns, what is learnt from the training rows, metrics;
- the codec (codec.py): rows to examples and batches, outputs to answers, answers to columns and back;
- the head (head.py): how the model is built, its loss, and which of its outputs are kept.

A new task is a class with the first two parts, and a Head; docs/plugins.md has an example.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

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
    """Old name of an option -> its new name. A recipe with the old name is an error that names the new one; a Run with
    the old name still opens."""
    only_with: ClassVar[dict[str, tuple[str, Any]]] = {}
    """Option -> the other option, and the value of it, without which it has no effect: a recipe that sets it is an
    error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Task(TaskProblem, Codec):
    """A problem with its codec and head. Methods may be called in any order once `state` is set.

    Args:
        options: an instance of `Options`.
        state: what the task has learnt from the training and validation rows, as JSON values; saved in the Run.
    """

    Options: ClassVar[type[TaskOptions]] = TaskOptions
    Head: ClassVar[type[Head]]
    State: ClassVar[Any] = dict[str, Any]
    """The type of `state`, as pydantic knows types: that of a Run is checked before it is used."""

    def __init__(self, options: Any, state: dict[str, Any] | None = None):
        self.options = options
        self.state = dict(state or {})
        self.head = self.Head(options, self.state)

    def with_options(self, options: Any) -> Self:
        """This task, once it is trained, with other options to answer with. Of what `state` and `options` both say, the
        options that differ from those of the training count.

        Raises:
            RecipeError: the trained model can not answer with them.
        """
        return type(self)(options, self.state)


def make_task(recipe: Recipe, state: dict[str, Any] | None = None) -> Task:
    """The task of a checked recipe, with the `state` saved in a Run, if any."""
    kind, options = task_options(recipe)
    return kind(options, state)
