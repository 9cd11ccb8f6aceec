"""What a training asks of all items at once: their lengths, their highest id, and a name for what they hold.

A sequence that reads its items only when asked for answers by its attributes `lengths`, `highest` and `identity` (see
`Encoded.examples`), so that ten million rows begin to train without a look at each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

Items = Sequence[dict[str, Any]]


def lengths_of(items: Items) -> np.ndarray:
    """`(item,)`: tokens of each item."""
    known = getattr(items, "lengths", None)
    if known is not None:
        return np.asarray(known)
    return np.fromiter((len(item["input_ids"]) for item in items), dtype=np.int64, count=len(items))


def rows_of(items: Items) -> np.ndarray:
    """`(item,)`: the row of each item."""
    known = getattr(items, "rows", None)
    if known is not None:
        return np.asarray(known)
    if hasattr(items, "lengths"):
        return np.arange(len(items))
    return np.fromiter((item["row"] for item in items), dtype=np.int64, count=len(items))


def highest_of(items: Items) -> int:
    """The highest id of all tokens."""
    known = getattr(items, "highest", None)
    return int(known) if known is not None else max((int(item["input_ids"].max()) for item in items), default=0)


def identity_of(items: Items) -> str:
    """A hash: the same rows, cut by the same tokenizer, in the same order."""
    known: str | None = getattr(items, "identity", None)
    if known is not None:
        return known
    digest = hashlib.sha256()
    for item in items:
        for name, value in item.items():
            digest.update(name.encode() + np.asarray(value).tobytes())
    return digest.hexdigest()
