"""A model that a server answers for, in the place of a Predictor: `bertkit predict NAME new.csv --url http://...`.

Files are read, jobs go on where they were killed, and answers are written by the same code as those of a Run. Only the
answers come from elsewhere, already as columns. So this process needs neither torch nor the Run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

from bertkit.data.columns.column import Column
from bertkit.data.memory import rows_of
from bertkit.engine.examples import Counts, Encoded
from bertkit.engine.run import Progress
from bertkit.errors import ServerError
from bertkit.inference.ask import Answered
from bertkit.inference.bulk.options import BulkOptions
from bertkit.inference.columns import AnswerColumns
from bertkit.inference.predictor import Predictor, Prepared
from bertkit.inference.rows import as_row
from bertkit.inference.seen import Seen
from bertkit.recipe.load import load
from bertkit.serve.client.batching import ROWS
from bertkit.serve.client.synchronous import Client
from bertkit.tasks.codec import Mark
from bertkit.tasks.task import Answer, TaskOptions

CUT, LOST = "cut texts", "cut tokens"
RETRIES = 10
"""Of a call of a job, which is then a minute or more without a server; it may be starting again."""


class RemoteColumns(AnswerColumns):
    """Columns that the server has chosen already, as it was asked."""

    def of(self, task: Any, answer: Answer) -> dict[str, Any]:
        return dict(answer["columns"])


class RemoteOutput(BulkOptions):
    """Options of predictions that a server gives."""

    @property
    def answer_columns(self) -> AnswerColumns:
        own = super().answer_columns
        return RemoteColumns(own.probabilities, own.top_k, own.logits, own.abstain_below)


class RemoteTask:
    """What is known here of the task of a served model: the columns that it reads, and how its answers are shown.

    Args:
        about: see `schemas.ModelReply`.
    """

    takes = ""
    answer_columns: tuple[str, ...] = ()
    options = TaskOptions()

    def __init__(self, about: dict[str, Any]):
        self.columns = tuple(Column(one["name"], one["kind"], one["required"]) for one in about["columns"])

    def margin(self, limit: int) -> int:
        return 0  # RemotePredictor refuses a model that needs other rows

    def messages(self, counts: Counts) -> tuple[list[str], list[str]]:
        if not counts.get(CUT):
            return [], []
        return [], [f"texts of which the model did not read the end: {counts[CUT]:,}; tokens: {counts[LOST]:,}"]

    def to_text(self, answer: Answer) -> str:
        return answer["text"]

    def marks(self, answer: Answer) -> list[Mark]:
        return []


class RemotePredictor(Predictor):
    """Rows in, answers of a server out. An answer is what the server replies, and its `score` if it has one.

    Args:
        name: of the model at the server.
        columns: which columns the answers have.
        sets: how rows are read, as `data.KEY=VALUE`.

    Raises:
        ServerError: no such server or model, or one whose answers depend on the rows around.
    """

    def __init__(self, client: Client, name: str, columns: AnswerColumns, sets: Sequence[str] = ()):
        about = client.model(name)
        if about.get("neighbours"):
            what = f"the answers of {name} depend on the rows around, which a server does not see"
            raise ServerError.at(client.url, what, "predict with the Run itself")
        task: Any = RemoteTask(about)
        self.client, self.name, self.asked, self.task = client, name, columns, task
        self.hash, self.limit = about["hash"], about["max_tokens"]
        self.identity = {"served": self.hash}
        self.recipe = load({"task": "classify"}, sets).model_copy(update={"task": about["task"]})
        self._unfit = False

    @cached_property
    def _options(self) -> dict[str, Any]:
        return asdict(self.asked)

    def prepare(self, rows: Any, *, before: Any = (), after: Any = ()) -> Prepared:
        """The rows as they are sent. What was seen of them is counted once they are answered."""
        columns = self.task.columns
        names = [column.name for column in columns]
        found = [as_row(number, row, columns) for number, row in enumerate(rows_of(rows, columns), 1)]
        sent = [{name: row[name] for name in names if name in row} for row in found]
        return Prepared(sent, Encoded([]), Seen(len(sent), counts={CUT: 0, LOST: 0}))

    def answer(self, prepared: Prepared, *, progress: Progress = iter) -> list[Answer]:
        """The server's answers.

        Raises:
            ServerError: it can not be reached, refuses, or has another model under the name meanwhile.
        """
        some: list[Any] = [prepared.rows[start : start + ROWS] for start in range(0, len(prepared.rows), ROWS)]
        rows = (row for part in progress(some) for row in part)
        answers = []
        for answer in self.client.stream(self.name, rows, hash=self.hash, **self._options):
            prepared.seen.counts[CUT] += answer["cut_tokens"] > 0
            prepared.seen.counts[LOST] += answer["cut_tokens"]
            answers.append(_scored(answer))
        return answers

    def predict(self, rows: Any, *, quiet: bool = False, **options: Any) -> Any:
        """See `Predictor.predict`; there are no DataFrames."""
        prepared = self.prepare(rows)
        answers = self.answer(prepared)
        if not quiet:
            self._warn(prepared.seen)
        return answers

    def ask(self, question: str, contexts: Sequence[str]) -> Answered:
        """As `inference.ask.ask_question`."""
        answers = [_scored(one) for one in self.client.ask(self.name, question, contexts, **self._options)]
        rows = [{"question": question, "context": contexts[one["context"]]} for one in answers]
        shares = [one["share"] for one in answers]
        return Answered(rows, answers, None if None in shares else shares)


def _scored(answer: Answer) -> Answer:
    return {**answer, **{name: answer["columns"][name] for name in ("score",) if name in answer["columns"]}}
