"""What a model sees of the texts of rows, and what not: counted for each part of many rows, and added up."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from bertkit.data.tokenizer.coverage import Coverage
from bertkit.engine.examples import Counts, added, lengths_of
from bertkit.inference.coverage import coverage
from bertkit.tasks.task import Encoded, Rows, Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SHOWN = 3
"""Most warnings of a task that does not count what it warns of, as they can not be added up."""


@dataclass(frozen=True)
class Seen:
    """Counts of rows, as JSON can hold them."""

    rows: int = 0
    tokens: int = 0
    coverage: dict[str, Any] = field(default_factory=dict)
    """Of a `Coverage`."""
    counts: Counts = field(default_factory=dict)
    """See `Encoded.counts`."""
    said: list[str] = field(default_factory=list)
    """Warnings of `encode`, for a task without such counts."""

    @classmethod
    def of(cls, task: Task, rows: Rows, encoded: Encoded, tokenizer: PreTrainedTokenizerBase) -> Seen:
        """What was seen of these rows."""
        found = coverage(task, rows, encoded.examples, tokenizer)
        tokens = int(lengths_of(encoded.examples).sum())
        return cls(len(rows), tokens, asdict(found), encoded.counts, encoded.warnings)

    def __add__(self, other: Seen) -> Seen:
        return Seen(
            self.rows + other.rows,
            self.tokens + other.tokens,
            added(self.coverage, other.coverage),
            added(self.counts, other.counts),
            list(dict.fromkeys([*self.said, *other.said])),
        )

    def notes(self, task: Task) -> list[str]:
        """What happened to the texts, in words, where that is no reason for a warning."""
        return task.messages(self.counts)[0]

    def warnings(self, task: Task) -> list[str]:
        """What the model does not see, in words."""
        _, found = task.messages(self.counts)
        if not found and self.said:
            more = len(self.said) - SHOWN
            found = [*self.said[:SHOWN], *([f"and {more:,} more like these, of other parts"] if more > 0 else [])]
        return [*found, *(Coverage(**self.coverage).warnings() if self.coverage else [])]
