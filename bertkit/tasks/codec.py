"""Codec: rows -> examples -> batch, and outputs -> answers -> columns and text. It knows no model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from bertkit.engine.examples import Counts, Encoded, Examples, Outputs
from bertkit.tasks.problem import Answer, Rows

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedTokenizerBase

    from bertkit.tasks.targets import Target


class Mark(NamedTuple):
    """A part of a text, its kind (empty for plain text), and the confidence in the kind, 0 to 1."""

    text: str
    kind: str = ""
    confidence: float = 1.0


class Codec(ABC):
    """Required: `encode`, `collator`, `decode`, `to_columns`, `parse`, `to_text`."""

    draws: ClassVar[bool] = False
    """Whether the collator draws random numbers. Training examples then have `draw`: `(seed, pass)`, the pass over the
    data counted from 0. The collator must use only `np.random.default_rng([seed, pass, row])`, so that its draws
    do not depend on workers, processes, micro-batches or a resume. Examples of other splits have no `draw`."""

    @abstractmethod
    def encode(self, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, *, answers: bool) -> Encoded:
        """Rows -> examples of at most `limit` tokens, special ones included; with `labels` where `answers`."""

    @abstractmethod
    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
        """Function from a list of examples to a batch, of numpy arrays or tensors: model inputs, and what the head's
        loss needs."""

    @abstractmethod
    def decode(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[Answer]:
        """One answer per row, from the arguments, `options` and `state` alone; it has no model."""

    @abstractmethod
    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        """An answer as columns of a table, which `bertkit predict` adds to a row; the first one is the answer itself.

        The probabilities of other answers are not among them: they are in `probability_columns`.

        Args:
            logits: add the raw scores.
        """

    def confidence(self, answer: Answer) -> float | None:
        """How sure the answer is, 0 to 1: the column `confidence`. None: the task has none."""
        return None

    def candidates(self, answer: Answer) -> list[tuple[Any, float]]:
        """The possible answers to the row and the probability of each; empty: the task has none."""
        return []

    def probability_columns(self, answer: Answer) -> dict[str, Any]:
        """The columns that `--probabilities all` adds, from which `parse` gets the probabilities back."""
        return {f"probability_{name}": probability for name, probability in self.candidates(answer)}

    def word_probabilities(self, outputs: Outputs, encoded: Encoded, rows: Rows) -> list[np.ndarray]:
        """Of an answer per word, the probability of each label of `state["labels"]`, `(word, label)` per row; arguments
        as `decode`. Empty: the answers are not per word, or their probabilities are not known."""
        return []

    @abstractmethod
    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> Answer:
        """The inverse of `to_columns`: an answer that `compare` takes, without what the columns lack.

        Args:
            columns: from a file, in which a list may be its JSON text.
            row: the row that the answer belongs to.

        Raises:
            Unusable: the columns have no valid answer.
        """

    @property
    @abstractmethod
    def answer_columns(self) -> tuple[str, ...]:
        """The possible names of the first column of `to_columns`; `parse` needs one of them."""

    @abstractmethod
    def to_text(self, answer: Answer) -> str:
        """An answer in a few words, for a terminal."""

    def messages(self, counts: Counts) -> tuple[list[str], list[str]]:
        """Notes and warnings of `Encoded.counts`, which may be those of many parts; empty: the task counts nothing."""
        return [], []

    def margin(self, limit: int) -> int:
        """How many rows before and after a row its example may take tokens from.

        Args:
            limit: see `encode`.
        """
        return 0

    def vocabulary(self, tokenizer: PreTrainedTokenizerBase) -> list[dict[str, Any]] | None:
        """An example of each token of the vocabulary, by id, read as a text of its own, with `counts`: whether it has a
        meaning, as special tokens do not. None: the answers are no vectors of texts, which the head reduces to
        `vectors` `(row, text, size)`, so no table of such can take the model's place (shrink/static.py)."""
        return None

    def for_documents(self) -> Self:
        """The task as it reads texts that are searched, where it reads them in another way than queries: with another
        text put before them. Of a task whose answers are vectors."""
        return self

    def marks(self, answer: Answer) -> list[Mark]:
        """The whole text of the row, divided into parts; empty if `to_text` shows the whole answer."""
        return []

    def targets(self, answer: Answer, outputs: Outputs, examples: Examples) -> list[Target] | None:
        """The scores that the answer to a row is due to, and those of answers that were not given. Empty: nothing of
        this answer can be explained, as where no entity was found. None: no answer of the task can be.

        Args:
            outputs: of the row's examples.
            examples: of the row.
        """
        return None

    def files(self, answers: list[Answer], rows: Rows) -> dict[str, Any]:
        """Further JSON files of `bertkit eval`: name without `.json` -> content."""
        return {}
