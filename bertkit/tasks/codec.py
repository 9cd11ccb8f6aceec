"""Codec: rows -> examples -> batch, and outputs -> answers -> columns and text. It knows no model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from bertkit.engine.examples import Encoded, Outputs
from bertkit.tasks.problem import Answer, Rows

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase


class Mark(NamedTuple):
    """A part of a text: what it is (empty: nothing of note), and how sure that is, 0 to 1."""

    text: str
    kind: str = ""
    confidence: float = 1.0


class Codec(ABC):
    """Required: `encode`, `collator`, `decode`, `to_columns`, `parse`, `to_text`."""

    draws: ClassVar[bool] = False
    """Whether the collator draws at random. Each training example then has `draw`: `(seed, pass)`, where `pass` counts
    how often its data has been gone through, and the collator draws from `np.random.default_rng([seed, pass, row])`
    alone: the same for any number of workers, processes and micro-batches, and after a resume. Other examples have no
    `draw`."""

    @abstractmethod
    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        """Rows -> examples of at most `limit` tokens, special ones included; with `labels` where `answers`."""

    @abstractmethod
    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]:
        """Function from a list of examples to a batch: model inputs, and what the head's loss needs."""

    @abstractmethod
    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """One answer per row. What it needs stands in its arguments and in `state`, so that it needs no model."""

    @abstractmethod
    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        """An answer as columns of a table, the answer itself first: what `bertkit predict` adds to a row; `logits` adds
        the raw scores."""

    @abstractmethod
    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        """The inverse of `to_columns`, as far as the columns hold it: an answer that `compare` takes.

        Args:
            columns: of a file, where lists may be texts.
            row: the row that is answered.

        Raises:
            Unusable: the columns hold no answer to this row.
        """

    @property
    @abstractmethod
    def answer_columns(self) -> tuple[str, ...]:
        """The names that the first of `to_columns` may have; `parse` needs one of them."""

    @abstractmethod
    def to_text(self, answer: Answer) -> str:
        """An answer in a few words, for a terminal."""

    def marks(self, answer: Answer) -> list[Mark]:
        """The text that was answered, whole, with what was found in it; nothing where `to_text` says all."""
        return []

    def files(self, answers: list[Answer], rows: Rows) -> dict[str, Any]:
        """JSON files by name, without their ending, that `bertkit eval` writes beside the figures."""
        return {}
