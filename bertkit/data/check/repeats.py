"""Rows with the same texts: repeated rows, texts with different answers, rows that are in the training rows too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bertkit.data.check.answers import shown
from bertkit.data.check.finding import Finding, finding
from bertkit.data.check.texts import Key, keys, texts_of
from bertkit.data.columns.column import Column


def repeated(
    row_keys: Sequence[Key], answers: Mapping[Column, Sequence[Any]], places: Sequence[str]
) -> tuple[Finding, Finding]:
    """Rows with the same texts as an earlier row, and texts with different answers."""
    columns = [[shown(column.kind, value) for value in values] for column, values in answers.items()]
    values = list(zip(*columns, strict=True)) if columns else [()] * len(places)
    first: dict[Key, int] = {}
    duplicates: list[str] = []
    conflicts: dict[Key, str] = {}
    for row, key in enumerate(row_keys):
        earlier = first.setdefault(key, row)
        if earlier == row:
            continue
        duplicates.append(places[row])
        if values[row] != values[earlier]:
            both = (f"{places[i]} ({'; '.join(values[i])})" for i in (earlier, row))
            conflicts.setdefault(key, " and ".join(both))
    return finding(duplicates), finding(list(conflicts.values()))


def shared(
    train: Sequence[Key], others: Sequence[Key], train_places: Sequence[str], places: Sequence[str]
) -> list[str]:
    """`dev.csv:3 and train.csv:17` for each row whose texts a training row has too."""
    seen: dict[Key, int] = {}
    for row, key in enumerate(train):
        seen.setdefault(key, row)
    return [f"{places[row]} and {train_places[seen[key]]}" for row, key in enumerate(others) if key in seen]


def overlap(train: Any, others: Any, columns: Sequence[Column]) -> int:
    """Number of rows whose texts a training row has too."""
    known = set(keys(texts_of(train, columns)))
    return sum(key in known for key in keys(texts_of(others, columns)))
