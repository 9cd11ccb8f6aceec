"""The rows of a data file that is corrected: what they have now, and what they have then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.data.columns import schemes
from bertkit.data.columns.column import Column
from bertkit.data.read.sources import Source
from bertkit.data.stream import Taken, stream
from bertkit.errors import DataError
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import Task
from bertkit.understand.errors.corrections import values
from bertkit.understand.errors.corrections.table import Correction
from bertkit.understand.errors.judges.words import words_of
from bertkit.understand.errors.pool import TRAIN, Pool, source_of


def read_rows(task: Task, recipe: Recipe, source: Source) -> list[Taken]:
    """The rows of a file that can be used, with all of its columns."""
    rows = stream([source], task.columns, recipe.data, keeps_all=True, paced=False)
    return [one for one in rows if one.row is not None]


class ReadRows:
    """The rows of the data file, as they are read now."""

    def __init__(self, task: Task, recipe: Recipe, source: Source, labels: list[str]):
        self.task, self.recipe = task, recipe
        self.taken = read_rows(task, recipe, source)
        self.rows: list[dict[str, Any]] = [one.row or {} for one in self.taken]
        columns = tuple(column for column in task.columns if self.rows and column.name in self.rows[0])
        if not any(column.answer for column in columns):
            raise DataError.at(source.name, "its rows have no answers to correct", "is this the right file?")
        self.pool = Pool(self.rows, [TRAIN] * len(self.rows), columns, [])
        self.labels = list(dict.fromkeys([*labels, *self.pool.label_names]))
        self.by_suffix = {str(row["place"])[len(source_of(row)) :]: at for at, row in enumerate(self.rows)}
        self.tags: list[list[str]] = []
        self.scheme: Any = "IOB2"
        if self.answer.kind in ("tags", "spans"):
            task.prepare(self.rows, recipe.data)
            counts = [len(words_of(self.pool, row)) for row in range(len(self.rows))]
            name = task.answer_columns[0]
            none = [task.parse({name: ["O"] * count}, row) for count, row in zip(counts, self.rows, strict=True)]
            _, given = task.compare(none, self.rows, "tags")
            self.tags = [values.iob2(row) for row in given]
            self.scheme = task.state.get("scheme", "IOB2")

    @property
    def answer(self) -> Column:
        return self.pool.answer

    def given(self, row: int, part: tuple[int, int] | None) -> str:
        """The answer of a row, or of a part, as a file of corrections has it."""
        value = self.rows[row][self.answer.name]
        match self.answer.kind:
            case "label" | "choice":
                return str(value)
            case "number":
                return f"{value:.10g}"
            case "answers":
                return next((one["text"] for one in value), "") or values.NOTHING
            case "labels":
                return values.in_form([name for name in self.labels if name in value], "")
            case _:
                first, end = part or (0, len(self.tags[row]))
                return " ".join(self.tags[row][first:end])

    def answered(self, row: int, corrections: Sequence[Correction]) -> Any:
        """The corrected answer of a row.

        Raises:
            Unusable: it can not have it.
        """
        text, value = corrections[0].corrected, self.rows[row][self.answer.name]
        match self.answer.kind:
            case "label":
                return values.known_label(text, self.labels)
            case "labels":
                return values.labels_of(text, self.labels, self.recipe.data.label_separator)
            case "choice":
                return values.choice_of(
                    text, next(self.rows[row][c.name] for c in self.pool.columns if c.kind == "choices")
                )
            case "number":
                return values.number_of(text)
            case "answers":
                near = next((one["start"] or 0 for one in value), 0)
                return values.answers_of(text, self.rows[row][self._text], near)
            case _:
                return self._tagged(row, corrections)

    @property
    def _text(self) -> str:
        """The column of the text that answers and entities stand in."""
        return [column.name for column in self.pool.columns if column.kind == "text"][-1]

    def confirmed(self, row: int, one: Correction) -> bool:
        """Whether a correction says what the row has, in these words or others: `PER` for `B-PER I-PER`, 3 for 3.0.

        Raises:
            Unusable: the row can not have it.
        """
        if one.corrected == one.given:
            return True
        value = self.rows[row][self.answer.name]
        if self.answer.kind in ("tags", "spans"):
            first, end = one.words or (0, len(self.tags[row]))
            new = values.iob2(values.tags_of(one.corrected, end - first, self.labels))
            return new == values.iob2(self.tags[row][first:end])
        new = self.answered(row, [one])
        if self.answer.kind == "answers":
            return new[0]["text"] in [gold["text"] for gold in value] if new else not value
        return sorted(new) == sorted(value) if self.answer.kind == "labels" else bool(new == value)

    def _tagged(self, row: int, corrections: Sequence[Correction]) -> Any:
        tags, given = self.tags[row], self.rows[row][self.answer.name]
        spans = given
        for one in corrections:
            first, end = one.words or (0, len(tags))
            new = values.tags_of(one.corrected, end - first, self.labels)
            tags = values.replaced(tags, (first, end), new)
            if self.answer.kind == "spans":
                spans = values.spans_of(spans, self.rows[row][self._text], (first, end), new)
        if self.answer.kind == "spans":
            return spans
        old, changed = (schemes.convert(side, "IOB2", self.scheme) for side in (self.tags[row], tags))
        return [after if after != before else as_is for as_is, before, after in zip(given, old, changed, strict=True)]
