"""Rows with the answers that a model gives them, and the answers after some of the rows are changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bertkit.engine.examples import rows_of
from bertkit.engine.run import Progress
from bertkit.errors import RunError
from bertkit.inference.coverage import KINDS
from bertkit.inference.predictor import Predictor, Prepared
from bertkit.tasks.task import Answer, Rows, Task, Verdict
from bertkit.tasks.words import join
from bertkit.understand.robustness.rows import EditedRow
from bertkit.understand.robustness.same import SameAnswer
from bertkit.warn import warn


class NewAnswer(NamedTuple):
    """The answer to a changed row."""

    answer: Answer
    verdict: Verdict | None
    """None: nobody knows the right answer."""
    same_tokens: bool
    """Whether the tokenizer makes the same tokens of the row as before."""
    same: bool | None
    """Whether the answer stayed; None where answers are numbers."""


class CleanRows:
    """Rows, and the model's answers to them as they are.

    Args:
        rows: with the task's columns.
        right: whether they hold their right answers.
        name: of the data, for warnings.

    Raises:
        RunError: the task has no verdicts of rows that hold their right answers.
    """

    def __init__(
        self,
        predictor: Predictor,
        rows: Sequence[dict[str, Any]],
        *,
        right: bool,
        name: str = "",
        progress: Progress = iter,
    ):
        self.predictor, self.rows, self._right = predictor, [dict(row) for row in rows], right
        self.task = predictor.task
        self.comparer = SameAnswer(self.task)
        prepared = predictor.prepare(self.rows)
        for warning in prepared.seen.warnings(self.task):
            warn(warning, name)
        self._tokens = tokens_of(prepared)
        self.answers = predictor.answer(prepared, progress=progress)
        self.verdicts: list[Verdict] | None = self.task.verdicts(self.answers, self.rows) if right else None
        if right and not self.verdicts:
            raise RunError.at(name, "these rows are not right or wrong one by one", "name other rows, or another Run")
        self.judged = judged_by_group(self.rows, self.task)
        """Of each row, whether it can be right or wrong."""
        self._neighbours = self.task.margin(predictor.limit) > 0

    def text(self, number: int) -> str:
        """The answer to a row, for people."""
        return self.verdicts[number].predicted if self.verdicts else self.task.to_text(self.answers[number])

    def ask(self, changed: Mapping[int, EditedRow], progress: Progress = iter) -> dict[int, NewAnswer]:
        """The answers to some rows after a change, by their numbers; the others are as they were.

        Verdicts are those of all rows together: a document is judged among those of its query. Where a row is read with
        its neighbours (`Codec.margin`), all rows are asked again.
        """
        numbers = list(range(len(self.rows))) if self._neighbours else sorted(changed)
        if not changed:
            return {}
        rows = [changed[number].values if number in changed else row for number, row in enumerate(self.rows)]
        prepared = self.predictor.prepare([rows[number] for number in numbers])
        answered = dict(zip(numbers, self.predictor.answer(prepared, progress=progress), strict=True))
        tokens = dict(zip(numbers, tokens_of(prepared), strict=True))
        answers = [answered.get(number, answer) for number, answer in enumerate(self.answers)]
        verdicts = self.task.verdicts(answers, rows) if self._right else None
        replies = {}
        for number, edited in sorted(changed.items()):
            verdict = verdicts[number] if verdicts else None
            same = self._same(number, answers[number], edited, verdict)
            replies[number] = NewAnswer(answers[number], verdict, tokens[number] == self._tokens[number], same)
        return replies

    def _same(self, number: int, answer: Answer, edited: EditedRow, verdict: Verdict | None) -> bool | None:
        if not self.comparer.compares:
            return None
        both = (self.verdicts[number], verdict) if self.verdicts and verdict else None
        return self.comparer.same(self.answers[number], answer, edited, self.rows[number], both)


def judged_by_group(rows: Rows, task: Task) -> list[bool]:
    """Of each row, whether it can be right or wrong: a document can not where all of its query have one grade."""
    if not task.group_by:
        return [True] * len(rows)
    names = [column.name for column in task.columns if column.answer]
    grades: dict[Any, set[str]] = defaultdict(set)
    for row in rows:
        grades[row[task.group_by]].add(repr([row.get(name) for name in names]))
    return [len(grades[row[task.group_by]]) > 1 for row in rows]


def tokens_of(prepared: Prepared) -> list[bytes]:
    """The tokens of each row, those of all its windows together."""
    parts: list[list[bytes]] = [[] for _ in prepared.rows]
    examples = prepared.encoded.examples
    for number, row in enumerate(rows_of(examples).tolist()):
        parts[row].append(np.asarray(examples[number]["input_ids"], dtype=np.int64).tobytes())
    return [b"|".join(each) for each in parts]


def shown(row: Mapping[str, Any], task: Task) -> str:
    """The texts of a row, for people."""
    columns = [column for column in task.columns if column.kind in KINDS and not column.answer and row.get(column.name)]
    values = [(column.kind, row[column.name]) for column in columns]
    return " | ".join(
        join(value) if kind == "words" else value if kind == "text" else " / ".join(value) for kind, value in values
    )
