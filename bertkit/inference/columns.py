"""Answers as columns of a table: which of them `bertkit predict` writes.

A task with many labels has as many probabilities: a table of 150 columns that nobody reads. So by default a row gets
its answer and how sure that is; the others are opt-in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from bertkit.errors import BertkitError, DataError, Parameter
from bertkit.tasks.codec import Codec
from bertkit.tasks.task import Answer, Task

Probabilities = Literal["all", "top", "none"]
ABSTAINED = "abstained"


@dataclass(frozen=True)
class AnswerColumns:
    """The columns of an answer.

    Args:
        probabilities: `top`: `confidence`, if the task has one; `all`: also `Codec.probability_columns`; `none`.
        top_k: also `top_1` and `top_1_probability` up to this number: the most probable answers.
        logits: also the raw scores.
        abstain_below: also `abstained`: whether the confidence is below this. The answer stays beside it.
    """

    probabilities: Probabilities = "top"
    top_k: int = 0
    logits: bool = False
    abstain_below: float | None = None

    def of(self, task: Task, answer: Answer) -> dict[str, Any]:
        """The columns of an answer; NaN, which no table should hold, is None.

        Raises:
            DataError: `top_k`, and the task has no candidates; `abstain_below`, and it has no confidence.
        """
        columns = task.to_columns(answer)
        if self.probabilities != "none" and type(task).confidence is not Codec.confidence:
            columns.setdefault("confidence", task.confidence(answer))
        if self.abstain_below is not None:
            if type(task).confidence is Codec.confidence:
                raise no_confidence()
            columns[ABSTAINED] = abstains(task.confidence(answer), self.abstain_below)
        if self.top_k:
            columns |= self._best(task, answer)
        more = task.to_columns(answer, logits=True) if self.logits else {}
        if self.probabilities == "all":
            more = {**task.probability_columns(answer), **more}
        return {name: _known(value) for name, value in {**columns, **more}.items()}

    def _best(self, task: Task, answer: Answer) -> dict[str, Any]:
        candidates = sorted(task.candidates(answer), key=lambda one: -one[1])[: self.top_k]
        if not candidates:
            what = "the answers of this task have no candidates with probabilities"
            raise DataError.at(Parameter("top_k"), what, "leave it out")
        columns: dict[str, Any] = {}
        for place in range(self.top_k):
            name, probability = candidates[place] if place < len(candidates) else (None, None)
            columns |= {f"top_{place + 1}": name, f"top_{place + 1}_probability": probability}
        return columns


def no_confidence() -> BertkitError:
    """Of a task whose answers have none."""
    return DataError.at(Parameter("abstain_below"), "the answers of this task have no confidence", "leave it out")


def abstains(confidence: float | None, threshold: float) -> bool:
    """Whether an answer is not sure enough; one without a confidence, as where no entity was found, is given."""
    return confidence is not None and confidence < threshold


def _known(value: Any) -> Any:
    if isinstance(value, list):
        return [_known(item) for item in value]
    if isinstance(value, dict):
        return {name: _known(item) for name, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
