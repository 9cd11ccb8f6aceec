"""Problem: columns, what is learnt from the training rows, and how answers are scored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from bertkit.data.columns.column import Column
from bertkit.data.dataset import check_sources
from bertkit.data.splits import load_splits
from bertkit.recipe.schema import DataBlock, ModelBlock, Recipe

if TYPE_CHECKING:
    from bertkit.engine.examples import Encoded, Outputs
    from bertkit.metrics import Metric, Takes

Rows = Sequence[dict[str, Any]]
"""A `datasets.Dataset` or a list of dicts, with the task's canonical columns."""
Answer = dict[str, Any]


class Verdict(NamedTuple):
    """How one row was answered: what reports and comparisons of Runs show, and count by class."""

    text: str
    """The row's input, for people; the parts of a pair are joined by ` | `."""
    expected: str
    """The correct answer, for people."""
    predicted: str
    """The task's answer, for people."""
    score: float
    """1 for a correct answer, 0 for a wrong one, between them for a partly correct one. For numbers the negative
    absolute error, so that more is better there too."""
    confidence: float | None = None
    """In the predicted answer, 0 to 1; None if the task has none."""
    expected_labels: frozenset[tuple[Any, ...]] = frozenset()
    """The labels of the correct answer, if it has classes. Each begins with its class; the rest tells it from others of
    this class in the row: `{("refund",)}`, or for entities `{("PER", 0, 2), ("LOC", 5, 6)}`."""
    predicted_labels: frozenset[tuple[Any, ...]] = frozenset()
    """The labels of the predicted answer."""
    expected_spans: tuple[tuple[int, int, str], ...] = ()
    """Where the parts of the correct answer stand in `text`, to be marked there: first character, the one after the
    last, and kind: `((0, 10, "PER"),)`. The kind may be empty."""
    predicted_spans: tuple[tuple[int, int, str], ...] = ()
    """The same for the predicted answer."""


class TaskProblem(ABC):
    """Required: `columns`, `metrics`, `compare`, `tiny_rows`."""

    takes: Takes = "labels"
    """What metrics are called with that do not define it themselves (`Metric.takes`)."""
    counts_tokens: ClassVar[bool] = False
    """Whether figures count tokens, so that only models with one vocabulary can be compared."""
    metrics: tuple[str, ...]
    """Default metrics; the first one selects the best checkpoint."""
    options: Any
    state: dict[str, Any]

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """The columns that a Reader must return."""

    @abstractmethod
    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[Any, Any]:
        """Predictions and references as a metric takes them (`Metric.takes`); references come from the rows."""

    @abstractmethod
    def tiny_rows(self) -> list[dict[str, Any]]:
        """A few rows with answers, with which every task is tested."""

    @property
    def example(self) -> dict[str, Any]:
        """A row without its answer, for model cards and documentation."""
        hidden = {column.name for column in self.columns if column.answer}
        return {name: value for name, value in self.tiny_rows()[0].items() if name not in hidden}

    @property
    def stratify_by(self) -> str | None:
        """The column by which a validation split drawn from the training rows is stratified; None: no column."""
        return None

    @property
    def group_by(self) -> str | None:
        """The column whose equal values keep rows together where rows that are scored are drawn, for a validation split
        or a limit: half of a query's documents are no ranking. None: rows are drawn one by one."""
        return None

    def read(self, recipe: Recipe, names: Sequence[str] = ()) -> dict[str, Rows]:
        """The rows of each split of the recipe (only of `names`, if there are any), and always of `validation`."""
        how: dict[str, Any] = {"stratify_by": self.stratify_by, "group_by": self.group_by, "names": names}
        return dict(load_splits(recipe.data, self.columns, recipe.seed, **how))

    def check_sources(self, recipe: Recipe, split: str) -> None:
        """Raise a DataError if the data that the recipe names for a split is not there, or its first rows lack columns;
        no more than these is read. Of a task with a `read` of its own, only whether the data is there."""
        look = type(self).read is TaskProblem.read
        check_sources(getattr(recipe.data, split) or (), self.columns, recipe.data, look=look)

    def adopt_model(self, block: ModelBlock) -> None:  # noqa: B027 - files beside weights may say nothing
        """Store in `state` what the files beside the weights say of how these are used, such as their pooling.

        Raises:
            ModelError: they say what the task can not do.
        """

    def prepare(self, rows: Rows, data: DataBlock) -> None:  # noqa: B027 - a task may have nothing to learn
        """Store in `state` what the task needs from the training rows, such as its labels."""

    def check_learnable(self, rows: Rows, data: DataBlock) -> None:  # noqa: B027 - a task may have nothing to check
        """Raise a DataError if the training rows can teach nothing, as all answers are the same (tasks/constant.py)."""

    def check(self, rows: Rows, split: str) -> None:  # noqa: B027 - a task may have nothing to check
        """Raise a DataError if the answers of these rows can not be used (such as a label that training rows lack)."""

    def findings(self, rows: Rows) -> list[str]:
        """What `bertkit data check` says of checked rows besides what the kinds of their columns tell, a line each."""
        return []

    def adopt(
        self,
        names: Sequence[str],
        rows: Rows | None,
        data: DataBlock,
        *,
        order: Sequence[str] = (),
        labels: Sequence[str] = (),
    ) -> str:
        """Set `state` from the rows to be scored, for a model or predictions that bertkit did not train.

        Args:
            names: names of the model's outputs, in its order; empty for predictions in a file.
            rows: None before they are known: then `names` are the labels. Empty where rows have no answers: then
                `labels` or those of `data` or `order` are the labels, if there are any, else `names`.
            order: the labels in the data set's own order.
            labels: the user's names of the outputs, in place of `names`.

        Returns:
            a warning, or an empty text.

        Raises:
            BertkitError: names and rows do not fit each other.
        """
        if rows:
            self.prepare(rows, data)
        return ""

    @property
    def learns_from_outputs(self) -> bool:
        """Whether `learn` needs the trained model's outputs for training rows."""
        return False

    def learn(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> None:  # noqa: B027 - most learn nothing so
        """Store in `state` what is learnt from the trained model's outputs for training rows, or a sample of them,
        before `calibrate`."""

    def calibrate(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> None:  # noqa: B027 - may have no confidence
        """Store in `state` how scores become probabilities, by the outputs for the validation rows; before `tune`."""

    def tune(self, answers: list[Answer], rows: Rows) -> None:  # noqa: B027 - a task may have nothing to tune
        """Store in `state` what is tuned on the validation rows instead of trained, such as thresholds."""

    def check_metric(self, metric: Metric) -> None:  # noqa: B027 - any may fit
        """Raise a BertkitError if a metric can not score this task; called before the training."""

    def own_metrics(self) -> list[Metric]:
        """Metrics that depend on this task's labels, reported after the recipe's."""
        return []

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        """Warnings about these answers, such as being no better than always predicting the majority class."""
        return []

    def error_kinds(self, answers: list[Answer], rows: Rows) -> dict[str, dict[str, Any]]:
        """How many answers are wrong in which way; empty where a task does not tell kinds of errors apart.

        Returns:
            kind -> `{"gold": int, "predicted": int, "examples": [...]}`: how many labelled and how many predicted parts
            (entities) have this error, and a few examples: `{"row": int, "gold": str | None, "predicted": str | None}`
            with the row's number from 0, None where nothing was labelled or predicted.
        """
        return {}

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        """One per row, for rows with answers; empty if single rows are not correct or wrong (masked words)."""
        return []

    def decisions(self, answers: list[Answer], rows: Rows) -> list[tuple[float, bool]]:
        """The confidence of each decision and whether it is right: one per row, or of each part of an answer, such as
        an entity. Empty where the task has no confidence."""
        verdicts = self.verdicts(answers, rows)
        return [(one.confidence, one.score >= 1) for one in verdicts if one.confidence is not None]
