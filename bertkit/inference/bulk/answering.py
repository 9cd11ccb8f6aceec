"""Rows of an input -> rows of the output: all or some of its columns, and those of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bertkit.data.stream import Taken
from bertkit.engine.run import Progress
from bertkit.errors import DataError, Parameter, Problem, did_you_mean
from bertkit.inference.bulk.formats import Format, Piece, Row
from bertkit.inference.bulk.parts import AnsweredPart, BulkPart, content_of
from bertkit.inference.columns import AnswerColumns
from bertkit.inference.predictor import Predictor, Prepared
from bertkit.inference.seen import Seen
from bertkit.tasks.task import Answer

ERROR = "error"
"""Column that says why a row has no answer."""


@dataclass(frozen=True)
class Answering:
    """How rows are answered and written.

    Args:
        keep: columns of the input that the output has; None: all.
        keep_bad: whether rows that can not be answered stay, with the column `error`.
        conll: words and tags alone.
        source: the input's name, for errors.
    """

    predictor: Predictor
    format: Format
    columns: AnswerColumns = field(default_factory=AnswerColumns)
    keep: tuple[str, ...] | None = None
    keep_bad: bool = False
    conll: bool = False
    source: str = "the input"

    def prepare(self, part: BulkPart) -> Prepared:
        """What needs no model."""
        own, before, after = ([one.row for one in some if one.row is not None] for some in part[1:])
        return self.predictor.prepare(own, before=before, after=after)

    def rows(self, part: BulkPart, prepared: Prepared, *, progress: Progress = iter) -> list[Row]:
        """The rows of the output.

        Raises:
            DataError: a column of the input has the name of an answer's.
        """
        answers = iter(self.predictor.answer(prepared, progress=progress))
        return [self._row(one, None if one.row is None else next(answers)) for one in part.rows]

    def piece(self, part: BulkPart, prepared: Prepared, inputs: Sequence[str], **options: Any) -> tuple[Piece, Seen]:
        """A part of the table, and what was seen of its rows.

        Args:
            inputs: all columns of the input.
        """
        rows = self.rows(part, prepared, **options)
        names = [name for name in inputs if self.keep is None or name in self.keep]
        columns = dict.fromkeys([*names, *(name for row in rows for name in row)])
        return self.format.piece(rows, [*columns]), prepared.seen

    def answered(self, part: BulkPart, prepared: Prepared, inputs: Sequence[str]) -> AnsweredPart:
        """A part as its file has it.

        Args:
            inputs: all columns of the input.
        """
        piece, seen = self.piece(part, prepared, inputs)
        return AnsweredPart(part.number, len(part.rows), seen.tokens, content_of(piece, seen, len(part.rows)))

    def _row(self, taken: Taken, answer: Answer | None) -> Row:
        if self.conll:
            assert answer is not None
            return {"tokens": answer["words"], "tags": answer["tags"], "place": taken.row and taken.row.get("place")}
        values = taken.values
        if self.keep is not None:
            values = {name: values[name] for name in self.keep if name in values}
        added = {} if answer is None else self.columns.of(self.predictor.task, answer)
        if self.keep_bad:
            # the remedy is how to leave such rows out
            added[ERROR] = str(replace(taken.problem, remedy="", setting=None)) if taken.problem else None
        if taken_names := sorted(set(added) & set(values)):
            raise self._taken(taken_names)
        return {**values, **added}

    def check(self, first: Taken, inputs: Sequence[str]) -> None:
        """Check, before the work, that the columns of the input and of the answers go together.

        Args:
            first: a row that can be answered.

        Raises:
            DataError: they do not, or there is no such column to keep.
        """
        for name in self.keep or ():
            if name not in inputs:
                what = f"{name}: the input has no such column"
                raise DataError.at(Parameter("columns"), what, did_you_mean(name, inputs))
        if self.conll:
            return
        (answer,) = self.predictor.predict([first.row], quiet=True)
        names = {*self.columns.of(self.predictor.task, answer), *([ERROR] if self.keep_bad else [])}
        kept = inputs if self.keep is None else self.keep
        if both := sorted(names & {*kept}):
            raise self._taken(both)

    def _taken(self, names: Sequence[str]) -> DataError:
        todo = "rename them, predict from a file without them, or choose others with --columns"
        return DataError(Problem(self.source, f"already has the columns {', '.join(names)}", todo))
