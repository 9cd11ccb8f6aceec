"""Draw rows: a validation split from the training rows, or a sample. Seeded; rows keep their order.

Where rows belong together, as the documents of a query do, they are drawn together.
"""

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


def split_groups(dataset: Dataset, ratio: float, seed: int, column: str) -> tuple[Dataset, Dataset]:
    """Split the rows into (train, validation); rows with the same value of a column are in the same part.

    Args:
        ratio: share of the values for validation; at least one value for either part.

    Raises:
        DataError: all rows have the same value.
    """
    values = dataset[column][:]
    known = list(dict.fromkeys(values))
    if len(known) == 1:
        what = f"all rows have the same {column}: none is left for validation"
        raise DataError.at("data.train", what, "name validation rows in data.validation")
    count = min(max(1, round(len(known) * ratio)), len(known) - 1)
    chosen = set(random.Random(seed).sample(known, count))
    places: tuple[list[int], list[int]] = ([], [])
    for index, value in enumerate(values):
        places[value in chosen].append(index)
    return dataset.select(places[0]), dataset.select(places[1])


def limit(dataset: Dataset, n: int, seed: int, group_column: str | None = None) -> Dataset:
    """`n` rows drawn at random; all rows if there are no more.

    Args:
        group_column: rows with the same value of it are drawn together: as many values as `n` rows have room for, in
            a random order, and at least one.
    """
    if n >= len(dataset):
        return dataset
    if group_column:
        return _limit_groups(dataset, n, seed, group_column)
    return dataset.select(sorted(random.Random(seed).sample(range(len(dataset)), n)))


def _limit_groups(dataset: Dataset, n: int, seed: int, column: str) -> Dataset:
    groups: dict[str, list[int]] = {}
    for index, value in enumerate(dataset[column]):
        groups.setdefault(value, []).append(index)
    known = list(groups.values())
    random.Random(seed).shuffle(known)
    chosen = [*known[0]]
    for rows in known[1:]:
        if len(chosen) + len(rows) <= n:
            chosen += rows
    return dataset.select(sorted(chosen))


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
