"""Whether a test needs `tolerance`, how far a number may be from another one, or has it for nothing."""

from __future__ import annotations

from bertkit.tasks.task import Task
from bertkit.understand.robustness.behaviour.expected import Unexpected
from bertkit.understand.robustness.behaviour.file import Behaviour


def check_tolerance(test: Behaviour, task: Task) -> None:
    """Raise Unexpected where `tolerance` is missing, or would say nothing."""
    expects = test.kind == "minimum functionality"
    numbers = any(column.answer and column.kind == "number" for column in task.columns)
    given = test.block.tolerance is not None
    if test.block.score or not numbers or (expects and task.group_by):  # a document's grade is not predicted
        if given:
            raise Unexpected("tolerance is for expect and same where answers are numbers; leave it out")
    elif not given:
        what = "expects a number" if expects else "compares numbers, which nearly always differ"
        raise Unexpected(f"{what}; write how far the answer may be from it: tolerance: 0.5")
