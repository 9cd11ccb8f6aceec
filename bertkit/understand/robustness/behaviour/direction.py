"""The scores that a direction test compares: those of one answer, before a change of the row and after it."""

from __future__ import annotations

from typing import Any

from bertkit.errors import did_you_mean
from bertkit.tasks.task import Answer, Task
from bertkit.understand.robustness.behaviour.expected import Unexpected
from bertkit.understand.robustness.same import SameAnswer, is_vector


class ComparedScores:
    """Scores of a task's answers."""

    def __init__(self, task: Task):
        self._task, self._comparer = task, SameAnswer(task)

    def both(
        self, of: str | int | None, old: tuple[dict[str, Any], Answer], new: tuple[dict[str, Any], Answer]
    ) -> tuple[float, float]:
        """The score before and after.

        Args:
            of: an answer, whose probability counts. None: that of the old answer, where there are probabilities; else
                the confidence, or the number that the answer is.
            old, new: a row and its answer.

        Raises:
            Unexpected: there is nothing to compare, so that no change could be seen.
        """
        before, after = self._probabilities(*old), self._probabilities(*new)
        if of is not None:
            name = str(of)
            if name not in before and name not in after:
                known = list(dict.fromkeys([*before, *after]))
                todo = did_you_mean(name, known) if known else "leave it out, as the task has no probabilities"
                raise Unexpected(f"score.of: {of}: no such answer; {todo}")
            return before.get(name, 0.0), after.get(name, 0.0)
        name = str(self._comparer.value(old[1]))
        if name in before and after:
            return before[name], after.get(name, 0.0)
        values = self._alone(old[1]), self._alone(new[1])
        if values == (None, None):
            raise Unexpected("answers have neither a confidence nor a number; use expect or same")
        first, second = (0.0 if value is None else value for value in values)  # no entity is found: nothing is sure
        return first, second

    def _probabilities(self, row: dict[str, Any], answer: Answer) -> dict[str, float]:
        """Of the possible answers; choices also by their texts."""
        known = {str(name): float(probability) for name, probability in self._task.candidates(answer)}
        for column in self._task.columns:
            if column.kind == "choices":
                texts = enumerate(row.get(column.name) or ())
                known = {str(text): known[str(n)] for n, text in texts if str(n) in known} | known
        return known

    def _alone(self, answer: Answer) -> float | None:
        value: Any = self._task.confidence(answer)
        value = self._comparer.value(answer) if value is None else value
        if is_vector(value) or isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value)
