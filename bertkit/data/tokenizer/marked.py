"""Marked tokens: a token's number and whether it is the first token of a word, in one integer.

Texts are kept so from tokenization (cached.py) through parts and pairs up to the shards, which store both apart.
"""

from __future__ import annotations

import numpy as np


def mark(ids: np.ndarray, first: np.ndarray) -> np.ndarray:
    """(token,) `2 * id + 1` for the first token of a word, `2 * id` for any other."""
    return 2 * ids + first


def mark_first(number: int) -> int:
    """One token that is a word of its own, such as a separator."""
    return 2 * number + 1


def ids_of(marked: np.ndarray) -> np.ndarray:
    """(token,) number in the vocabulary."""
    return marked >> 1


def is_first(marked: np.ndarray) -> np.ndarray:
    """(token,) bool: whether it is the first token of a word."""
    return (marked & 1).astype(bool)
