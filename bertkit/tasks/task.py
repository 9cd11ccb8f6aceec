"""The contract of a task: all that training, evaluation and prediction know of a problem.

One sample goes row -> `encode` -> encoded -> `collator` -> batch -> model -> `reduce` -> outputs -> `decode` ->
answer. Training, `bertkit eval` and `bertkit predict` all take this one way. A new task is one file beside this one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict

from bertkit import plugins
from bertkit.data.columns.column import Column
from bertkit.data.splits import load_splits
from bertkit.recipe.schema import DataBlock, ModelBlock, Recipe

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertkit.metrics import Metric, Takes

Rows = Sequence[dict[str, Any]]
"""A `datasets.Dataset` or a list of dicts, with the task's canonical columns."""
Answer = dict[str, Any]
Outputs = dict[str, list["np.ndarray"]]
"""Name -> an array for each feature, in the encoded' order."""


class Mark(NamedTuple):
    """A part of a text: what it is (empty: nothing of note), and how sure that is, 0 to 1."""

    text: str
    kind: str = ""
    confidence: float = 1.0


class Verdict(NamedTuple):
    """How one row was answered, for people and for figures that no metric tells: what reports and comparisons see."""

    text: str
    """What was asked, in words; the parts of a pair are joined by ` | `."""
    right: str
    given: str
    score: float
    """1 where the answer is right, 0 where it is wrong, between them where it is partly right. Of a number the absolute
    error with a minus, so that more is better there too."""
    confidence: float | None = None
    """In the answer given, 0 to 1; None where the task has none."""
    wanted: frozenset[tuple[Any, ...]] = frozenset()
    """What was to be found, where that has classes: each begins with its class, the rest tells it from others of the
    class in this row. `{("refund",)}`, or of entities `{("PER", 0, 2), ("LOC", 5, 6)}`."""
    found: frozenset[tuple[Any, ...]] = frozenset()
    """What the answer holds, likewise."""


class TaskOptions(BaseModel):
    """Base of every task's `options:` block."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True)
class Encoded:
    """Model inputs. A row gives one item or, read in windows, several; `item["row"]` is its position in the rows."""

    examples: Sequence[dict[str, Any]]
    """Where they are many and read only when asked for, one a row in the rows' order, the sequence itself tells what a
    training must know of all of them: `lengths` (`(item,)`: tokens of each), `highest` (the highest of all `input_ids`)
    and `identity` (a hash of all content). Without these each item is looked at. See items.py."""
    notes: list[str] = field(default_factory=list)
    """What was done to the rows on the way (texts cut, read in windows), to be said aloud."""
    warnings: list[str] = field(default_factory=list)
    phases: Sequence[tuple[int, float]] = field(default=(), kw_only=True)
    """Items of each phase of the training, which lie one phase after the other, and its share of the steps: first come
    all steps of the first phase. Empty: one phase."""


class Task(ABC):
    """A problem. `state` is what it learnt from the training and development rows (JSON values; saved in the Run)."""

    Options: ClassVar[type[TaskOptions]] = TaskOptions
    takes: ClassVar[Takes] = "labels"
    """What a metric that does not say so itself is called with (`Metric.takes`)."""
    per_token: ClassVar[tuple[str, ...]] = ()
    """Outputs (see `reduce`) of `(batch, token, ...)`."""
    draws: ClassVar[bool] = False
    """Whether the collator draws at random. Each training item then has `draw`: `(seed, pass)`, where `pass` counts how
    often its data has been gone through, and the collator draws from `np.random.default_rng([seed, pass, row])` alone:
    the same for any number of workers, processes and micro-batches, and after a resume. Other items have no `draw`."""
    parts: tuple[str, ...] = ()
    """Names of the parts of the loss, in the order of `items` and `losses`, where there are several: `loss_NAME` is
    logged beside `loss`, which is their sum."""
    metrics: tuple[str, ...]
    """Metrics where the recipe names none; the first chooses the best checkpoint."""

    def __init__(self, options: Any, state: dict[str, Any] | None = None):
        self.options = options
        self.state = dict(state or {})

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """What a Reader must give."""

    def read(self, recipe: Recipe, names: Sequence[str] = ()) -> dict[str, Rows]:
        """The rows of each split that the recipe names (of `names` alone, if any), and of `validation` always."""
        found = load_splits(recipe.data, self.columns, recipe.seed, stratify_by=self.stratify_by, names=names)
        return dict(found)

    def prepare(self, rows: Rows, data: DataBlock) -> None:  # noqa: B027 - a task may have nothing to learn
        """Learn from the training rows what the task needs to know (its labels), into `state`."""

    def check(self, rows: Rows, split: str) -> None:  # noqa: B027 - a task may have nothing to check
        """Raise a DataError where the answers of these rows can not be used (a label unseen in training)."""

    @property
    def stratify_by(self) -> str | None:
        """The column by whose values rows are stratified when a validation set is split off."""
        return None

    @abstractmethod
    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        """Encoder and head for this task."""

    def begin(self, model: PreTrainedModel) -> None:  # noqa: B027 - a head may start anywhere
        """Start the new weights of the head where the training rows say, before the training."""

    @abstractmethod
    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        """Rows -> encoded of at most `limit` tokens, special ones included; with labels where `answers`."""

    @abstractmethod
    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]:
        """Function from a list of items to a batch: model inputs, and what `losses` needs."""

    def inputs(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """What of a batch the model takes."""
        return {name: tensor for name, tensor in batch.items() if name != "labels"}

    @abstractmethod
    def items(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """`(part,)`: over how much each part of the loss is averaged (rows, tokens, or the sum of their weights)."""

    @abstractmethod
    def losses(self, model: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, Any]:
        """The sums of the loss `(part,)` and the model's outputs. The loss is `(sums / items).sum()`, with the items
        of the whole effective batch, whatever its division into steps and processes. A part without items is 0."""

    @abstractmethod
    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """What `decode` needs of the model's outputs, on the device; the first dimension is the batch's."""

    def trim(self, outputs: dict[str, np.ndarray], item: dict[str, Any]) -> dict[str, np.ndarray]:
        """One item's outputs without what its batch padded them by."""
        return outputs | {name: outputs[name][: len(item["input_ids"])] for name in self.per_token}

    @abstractmethod
    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """One answer a row."""

    def check_metric(self, metric: Metric) -> None:  # noqa: B027 - any may fit
        """Raise a BertkitError where a metric can not score this task, before the training and not after it."""

    @abstractmethod
    def compare(self, answers: list[Answer], rows: Rows, takes: str) -> tuple[Any, Any]:
        """Predictions and references as a metric takes them (`Metric.takes`); references come from the rows."""

    def own_metrics(self) -> list[Metric]:
        """Metrics that depend on this task's labels, reported after the recipe's."""
        return []

    def verdicts(self, answers: list[Answer], rows: Rows) -> list[Verdict]:
        """One a row, of rows with answers; nothing where single rows are not right or wrong (masked words)."""
        return []

    def tune(self, answers: list[Answer], rows: Rows) -> None:  # noqa: B027 - a task may have nothing to tune
        """Choose on the validation rows what is not trained (thresholds), into `state`."""

    def sanity_checks(self, answers: list[Answer], rows: Rows) -> list[str]:
        """Warnings that these answers deserve, whoever gave them: no better than a guess."""
        return []

    def files(self, answers: list[Answer], rows: Rows) -> dict[str, Any]:
        """JSON files by name, without their ending, that `bertkit eval` writes beside the figures."""
        return {}

    @abstractmethod
    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        """An answer as columns of a table: what `bertkit predict` adds to a row; `logits` adds the raw scores."""

    @abstractmethod
    def to_text(self, answer: Answer) -> str:
        """An answer in a few words, for a terminal."""

    def marks(self, answer: Answer) -> list[Mark]:
        """The text that was answered, whole, with what was found in it; nothing where `to_text` says all."""
        return []

    @abstractmethod
    def tiny_rows(self) -> list[dict[str, Any]]:
        """A handful of rows: every task tests itself with them."""


def make_task(recipe: Recipe, state: dict[str, Any] | None = None) -> Task:
    """The task of a checked recipe; `state` is what a Run remembers of its training."""
    kind = plugins.find("task", recipe.task, where="task")
    return kind(kind.Options.model_validate(recipe.options), state)
