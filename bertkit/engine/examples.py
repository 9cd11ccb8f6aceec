"""Examples: the model inputs of rows, and what a training must know of all of them at once.

A sequence that reads its examples only when asked has the attributes `lengths`, `highest` and `identity` (see
`Encoded.examples`), so that a training on ten million rows begins without a look at each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Examples = Sequence[dict[str, Any]]
Outputs = dict[str, Any]
"""What a model gave: name -> a list with one array per example, in the examples' order. A head's `constants` stand
beside them, one array for all examples."""


@dataclass(frozen=True)
class Encoded:
    """Rows as a model reads them. A row gives one example or, read in windows, several; `example["row"]` is its row."""

    examples: Examples
    """A sequence that reads its examples only when asked (one per row, in the rows' order) has `lengths` (`(example,)`:
    tokens of each), `highest` (the highest of all `input_ids`) and `identity` (a hash of all content). Without these,
    each example is read to find them."""
    notes: list[str] = field(default_factory=list)
    """What was done to the rows (texts cut, read in windows), to be logged."""
    warnings: list[str] = field(default_factory=list)
    phases: Sequence[tuple[int, float]] = field(default=(), kw_only=True)
    """Examples of each phase of the training, which lie one phase after the other, and its share of the steps: all
    steps of the first phase come first. Empty: one phase."""


def lengths_of(examples: Examples) -> np.ndarray:
    """`(example,)`: tokens of each example."""
    known = getattr(examples, "lengths", None)
    if known is not None:
        return np.asarray(known)
    return np.fromiter((len(example["input_ids"]) for example in examples), dtype=np.int64, count=len(examples))


def rows_of(examples: Examples) -> np.ndarray:
    """`(example,)`: the row of each example."""
    known = getattr(examples, "rows", None)
    if known is not None:
        return np.asarray(known)
    if hasattr(examples, "lengths"):
        return np.arange(len(examples))
    return np.fromiter((example["row"] for example in examples), dtype=np.int64, count=len(examples))


def highest_of(examples: Examples) -> int:
    """The highest id of all tokens."""
    known = getattr(examples, "highest", None)
    return (
        int(known) if known is not None else max((int(example["input_ids"].max()) for example in examples), default=0)
    )


def identity_of(examples: Examples) -> str:
    """A hash: the same rows, cut by the same tokenizer, in the same order."""
    known: str | None = getattr(examples, "identity", None)
    if known is not None:
        return known
    digest = hashlib.sha256()
    for example in examples:
        for name, value in example.items():
            digest.update(name.encode() + np.asarray(value).tobytes())
    return digest.hexdigest()
