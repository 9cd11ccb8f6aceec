"""Draw rows: a validation split from the training rows, or a sample. Seeded; rows keep their order."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING

from bertkit.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

log = logging.getLogger("bertkit")


def split(dataset: Dataset, ratio: float, seed: int, label_column: str | None = None) -> tuple[Dataset, Dataset]:
    """Split the rows into (train, validation).

    Args:
        ratio: share of the rows for validation, above 0 and below 1; at least one row.
        label_column: a column of single labels to stratify by; each label keeps at least one row in train.

    Raises:
        DataError: too few rows to split.
    """
    groups: dict[str, list[int]] = {}
    for index, label in enumerate(dataset[label_column] if label_column else [""] * len(dataset)):
        groups.setdefault(label, []).append(index)
    alone = sum(len(rows) == 1 for rows in groups.values())
    if alone == len(groups):
        whose = " of each label" if label_column and alone > 1 else ""
        what = f"only one row{whose}: none is left for validation"
        raise DataError.at("data.train", what, "name validation rows in data.validation")
    draw = random.Random(seed)
    counts = _shares({label: len(rows) for label, rows in groups.items()}, ratio, draw)
    chosen = {index for label, rows in groups.items() for index in draw.sample(rows, counts[label])}
    if alone and label_column:
        log.info("%d labels have a single row, which stays in train: validation can not score them", alone)
    train = [index for index in range(len(dataset)) if index not in chosen]
    return dataset.select(train), dataset.select(sorted(chosen))


def limit(dataset: Dataset, n: int, seed: int) -> Dataset:
    """`n` rows drawn at random; all rows if there are no more."""
    if n >= len(dataset):
        return dataset
    return dataset.select(sorted(random.Random(seed).sample(range(len(dataset)), n)))


def _shares(sizes: dict[str, int], ratio: float, draw: random.Random) -> dict[str, int]:
    """How many rows of each group to draw: the largest remainders are rounded up until the sum is right."""
    exact = {label: size * ratio for label, size in sizes.items()}
    counts = {label: min(int(share), sizes[label] - 1) for label, share in exact.items()}
    missing = max(1, round(sum(exact.values()))) - sum(counts.values())
    labels = list(sizes)
    draw.shuffle(labels)  # so that ties do not favour the labels that come first in the file
    for label in sorted(labels, key=lambda label: counts[label] - exact[label]):
        if missing > 0 and counts[label] < sizes[label] - 1:
            counts[label] += 1
            missing -= 1
    return counts
