"""Whether the answer to a changed row is the answer to the old one: for entities and answers in a text, at the places
where they are now. Decided by the kinds of the answer's columns alone, so that every task has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.data.columns.column import Column
from bertkit.tasks.task import Answer, Task, Verdict
from bertkit.understand.robustness.rows import EditedRow
from bertkit.understand.robustness.texts import OUTSIDE


class SameAnswer:
    """Compares answers of a task."""

    def __init__(self, task: Task):
        self._task = task
        self._kinds = {column.kind for column in task.columns if column.answer}

    @property
    def compares(self) -> bool:
        """Whether answers are the same or not; numbers nearly always differ a little."""
        return self._kinds != {"number"}

    def same(
        self,
        old: Answer,
        new: Answer,
        edited: EditedRow,
        row: dict[str, Any],
        verdicts: tuple[Verdict, Verdict] | None = None,
    ) -> bool:
        """Whether `new`, the answer to the changed row, is `old`, the answer to `row`.

        Args:
            verdicts: of both, where rows have right answers.
        """
        one, other = self.value(old), self.value(new)
        if "spans" in self._kinds and _are_spans(one) and _are_spans(other):
            text = self._before("spans")
            return _moved_spans(one, edited, text) == _moved_spans(other, EditedRow({}), text)
        if "tags" in self._kinds and isinstance(one, list):
            moved = edited.words.get(self._before("tags"))
            if moved is not None:
                one = [OUTSIDE if source is None else one[source] for source in moved.sources]
            return list(one) == list(other)
        if "answers" in self._kinds and isinstance(one, str):
            return other in _moved_texts(one, edited, row, self._before("answers"))
        if verdicts and not self._kinds & {"choice"}:  # whose answers may be vectors
            a, b = verdicts
            labels = bool(a.predicted_labels or b.predicted_labels)
            return a.predicted_labels == b.predicted_labels if labels else a.predicted == b.predicted
        return bool(one == other)

    def value(self, answer: Answer) -> Any:
        """The answer itself, without confidence and scores."""
        return next(iter(self._task.to_columns(answer).values()))

    def _before(self, kind: str) -> str:
        """The column of the text or the words that an answer of this kind stands in."""
        owner = "words" if kind == "tags" else "text"
        last = ""
        for column in self._task.columns:
            if column.kind == owner:
                last = column.name
            if column.kind == kind:
                break
        return last


def is_vector(value: Any) -> bool:
    """Whether an answer is a vector, which is compared with those of other rows: alone it can not be wrong."""
    parts = [part for one in value for part in (one if isinstance(one, list) else [one])] if _is_list(value) else []
    return bool(parts) and all(isinstance(one, float) for one in parts)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def label_column(columns: Sequence[Column]) -> Column | None:
    """The column of the rows' labels, where each row has a label of its own or a set of them."""
    return next((column for column in columns if column.answer and column.kind in ("label", "labels")), None)


def _are_spans(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and {"start", "end"} <= one.keys() for one in value)


def _moved_spans(spans: list[dict[str, Any]], edited: EditedRow, text: str) -> set[Any]:
    """Place and label of each; the place is None where it is not there any more."""
    moves = edited.texts.get(text)
    places = [(one["start"], one["end"]) for one in spans]
    if moves is not None:
        places = [moves.span(*place) or (-1, -1) for place in places]
    labels = [one.get("type", one.get("label")) for one in spans]
    return set(zip(places, labels, strict=True))


def _moved_texts(answer: str, edited: EditedRow, row: dict[str, Any], text: str) -> set[str]:
    """The answer as it reads now, wherever it stands in the text."""
    moves = edited.texts.get(text)
    if moves is None or not answer:
        return {answer}
    found, at = set(), row[text].find(answer)
    while at >= 0:
        place = moves.span(at, at + len(answer))
        if place is not None:
            found.add(moves.text[slice(*place)])
        at = row[text].find(answer, at + 1)
    return found or {answer}
