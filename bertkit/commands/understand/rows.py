"""Shared by commands that look at single rows: the rows of a file, or what stands on the command line."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.commands.shared import console
from bertkit.errors import DataError, Parameter

if TYPE_CHECKING:
    from bertkit.inference.predictor import Predictor
    from bertkit.recipe.schema import DataBlock

RunFolder = Annotated[str, typer.Argument(metavar="RUN", help="A Run folder.")]
Source = Annotated[str | None, typer.Argument(metavar="INPUT", help="File, folder or glob of rows.")]
TextOption = Annotated[list[str] | None, typer.Option("--text", "-t", help="A text in place of INPUT; repeatable.")]
TextPair = Annotated[list[str] | None, typer.Option("--text-pair", help="The second text of each --text; repeatable.")]
Question = Annotated[str | None, typer.Option("--question", "-q", help="A question about each --context.")]
Context = Annotated[list[str] | None, typer.Option("--context", "-c", help="A passage; repeatable.")]
Limit = Annotated[int, typer.Option(min=1, metavar="N", help="Most rows of INPUT.")]
TEXTS = ("text", "texts")
"""Kinds of columns that a model may read although they are answers of other rows, as the positives of queries."""
Device = Annotated[
    str | None, typer.Option(metavar="NAME", help="Where to compute: cpu, cuda:1.", show_default="a GPU, else cpu")
]


@dataclass(frozen=True)
class Asked:
    """Rows as a command line names them."""

    source: str | None
    text: list[str] | None
    text_pair: list[str] | None
    question: str | None
    context: list[str] | None
    limit: int

    def check(self, command: str, *, files: bool = True) -> None:
        """Raise a DataError for options that do not go together.

        Args:
            files: whether the command takes an INPUT.
        """
        if [self.source is None, not self.text, self.question is None].count(False) != 1:
            what = f"expected one of {'INPUT, ' if files else ''}--text and --question"
            raise DataError.at(command, what, f'bertkit {command} RUN --text "..."')
        if (self.question is None) != (not self.context):
            what = "goes with --context"
            raise DataError.at("--question", what, f"bertkit {command} RUN --question Q --context TEXT")
        if self.text_pair:
            from bertkit.inference.ask import check_pairs

            check_pairs(self.text or [], self.text_pair)

    def open(
        self, run: str, needs: Collection[str], device: str | None, sets: Sequence[str] | None, *, trust_code: bool
    ) -> tuple[Predictor, list[dict[str, Any]]]:
        """The predictor of a Run, and the rows.

        Raises:
            BertkitError: it is no Run, its backend lacks what is needed, or rows can not be read.
        """
        from bertkit.inference.predictor import Predictor
        from bertkit.run import Run

        opened = Run.open(run, trust_code=trust_code)
        block = opened.recipe_with(console.only(sets, "data")).data
        predictor = Predictor.open(opened, needs=needs, device=device)
        return predictor, self._rows(predictor, block)

    def _rows(self, predictor: Predictor, block: DataBlock) -> list[dict[str, Any]]:
        if self.source is not None:
            return self._of_file(predictor, self.source, block)
        names = [column.name for column in predictor.task.columns if not column.answer]
        texts = [column.name for column in predictor.task.columns if column.kind == "text"]
        rows: list[dict[str, Any]] = [{"text": text} for text in self.text or ()]
        if self.text_pair:
            first, second = [*texts, "text_pair"][:2] if texts else ("text", "text_pair")
            pairs = zip(self.text or (), self.text_pair, strict=True)
            rows = [{first: text, second: pair} for text, pair in pairs]
        if self.question is not None:
            rows = [{"question": self.question, "context": context} for context in self.context or ()]
        if unknown := [name for name in rows[0] if name not in (*names, *texts)]:
            what = f"the task {predictor.recipe.task} takes no {unknown[0]}"
            raise DataError.at(Parameter(unknown[0]), what, f"expected columns: {', '.join(names)}")
        return rows

    def _of_file(self, predictor: Predictor, source: str, block: DataBlock) -> list[dict[str, Any]]:
        from bertkit.data.stream import stream

        # texts that rows are compared with are read too, where there are some
        columns = [
            replace(column, answer=False, required=False) if column.answer and column.kind in TEXTS else column
            for column in predictor.task.columns
        ]
        rows: list[dict[str, Any]] = []
        bad = 0
        for one in stream([source], columns, block, answers=False, keep_bad=True):
            if len(rows) == self.limit:
                console.warn(f"{source}: the first {self.limit:,} rows are taken; --limit takes more")
                break
            if one.row is not None:
                rows.append(one.row)
            elif one.problem is not None and block.bad_rows == "error":
                raise DataError(one.problem)
            else:
                bad += 1
        if not rows:
            raise DataError.at(source, "no rows", "name a file with rows")
        if bad:
            console.warn(f"{source}: rows that can not be used and are left out: {bad:,}")
        return rows
