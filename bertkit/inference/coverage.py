"""Warn where a model's tokenizer does not fit the texts, of any task: through the tokens that `encode` made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bertkit.data.columns.column import Column
from bertkit.data.tokenizer.coverage import Coverage, lower_cases, of_tokens, sample
from bertkit.engine.examples import Examples
from bertkit.tasks.task import Rows, Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

KINDS = ("text", "words", "choices", "texts")
"""Kinds of columns that hold texts."""


def coverage(task: Task, rows: Rows, examples: Examples, tokenizer: PreTrainedTokenizerBase) -> Coverage:
    """What the tokenizer loses of a sample of these examples, and of the rows that they were made of."""
    ids = [examples[number]["input_ids"] for number in sample(len(examples))]
    lower = lower_cases(tokenizer)
    texts = (text_of(rows[number], task.columns) for number in sample(len(rows)) if lower)
    return of_tokens(ids, len(examples), tokenizer, texts)


def text_of(row: dict[str, Any], columns: Sequence[Column]) -> str:
    """All texts of a row."""
    values = [row.get(column.name) or "" for column in columns if column.kind in KINDS]
    return " ".join(value if isinstance(value, str) else " ".join(value) for value in values)
