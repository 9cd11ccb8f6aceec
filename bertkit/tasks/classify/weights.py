"""Weights of the rows of each label (`class_weights`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal


def counts_of(values: Iterable[str | list[str]]) -> Counter[str]:
    """Rows with each label.

    Args:
        values: of each row its label, or a list of its labels.
    """
    return Counter(name for value in values for name in (value if isinstance(value, list) else [value]))


def weights(
    given: Literal["auto"] | dict[str, float], counts: Counter[str], labels: Sequence[str], rows: int, several: bool
) -> list[float]:
    """The weight of each label.

    Args:
        given: see `ClassifyOptions.class_weights`.
        several: whether a row has any number of labels: the weight is then the rows without the label per row with it.
    """
    if isinstance(given, dict):
        return [given.get(name, 1.0) for name in labels]
    if several:
        return [(rows - counts[n]) / counts[n] if 0 < counts[n] < rows else 1.0 for n in labels]
    return [rows / (len(counts) * counts[n]) if counts[n] else 1.0 for n in labels]
