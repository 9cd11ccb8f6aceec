"""Examples: the model inputs of rows, and what a training must know of all of them at once.

A lazy sequence of examples has the attributes `lengths`, `highest` and `identity` (see `Encoded.examples`), so that a
training on ten million rows can begin without reading each of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Examples = Sequence[dict[str, Any]]
Counts = dict[str, Any]
"""Name -> a number, which adds up over parts; a list of places, of which the first ones stay; or a text, equal in all
parts."""
Outputs = dict[str, Any]
"""A model's outputs: name -> a list with one array per example, in the examples' order. A head's `constants` are among
them, one array for all examples."""


PLACES = 3
"""Most places in a list of `Counts`."""


@dataclass(frozen=True)
class Encoded:
    """Rows as a model reads them. A row has one example or, in windows, several; `example["row"]` is its row."""

    examples: Examples
    """A lazy sequence (one example per row, in the rows' order) has `lengths` (`(example,)`: tokens of each), `highest`
    (the highest of all `input_ids`) and `identity` (a hash of all content). Without these, every example is read."""
    notes: list[str] = field(default_factory=list)
    """What happened to the rows (texts cut or split into windows), to be logged."""
    warnings: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=dict)
    """What notes and warnings are made of, to be added up over parts of many rows (`Codec.messages`)."""
    lost: Sequence[int] = field(default=(), kw_only=True)
    """Of each row, how many of its tokens are in no example. Empty: the task does not count them."""
    windows: Sequence[int] = field(default=(), kw_only=True)
    """Of each row, in how many windows it is read. Empty: each example is one."""
    phases: Sequence[tuple[int, float]] = field(default=(), kw_only=True)
    """For each phase of the training its number of examples and its share of the steps. Examples are in the order of
    the phases, and so are the steps. Empty: one phase."""


def added(one: Counts, other: Counts) -> Counts:
    """The counts of two parts as those of both; of a truth value, whether it holds for either."""
    both = {**other, **one}
    for name in one.keys() & other.keys():
        if isinstance(one[name], bool):
            both[name] = one[name] or other[name]
        elif isinstance(one[name], int):
            both[name] = one[name] + other[name]
        elif isinstance(one[name], list):
            both[name] = [*one[name], *other[name]][:PLACES]
    return both


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
    """A hash that is equal for the same rows, tokenized alike, in the same order."""
    known: str | None = getattr(examples, "identity", None)
    if known is not None:
        return known
    digest = hashlib.sha256()
    for example in examples:
        for name, value in example.items():
            digest.update(name.encode() + np.asarray(value).tobytes())
    return digest.hexdigest()
