"""How often each label, type of entity or kind of answer stands in the rows of each split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bertkit.data.check.answers import counted
from bertkit.data.check.texts import values
from bertkit.data.columns.column import Column
from bertkit.data.columns.labels import natural
from bertkit.data.columns.schemes import ROLES, check_tag
from bertkit.metrics import tagging
from bertkit.tasks.task import Rows

KINDS = ("label", "labels", "tags", "spans", "answers")
"""Kinds of columns whose values are counted."""
LABELS = 500
"""Most labels in the table; the most frequent ones are shown."""

LabelCounts = Mapping[str, Mapping[str, int]]
"""Split -> label -> how often."""


class LabelTable(NamedTuple):
    """A row per label: its name, and for each split how often it occurs there and its share of the split, 0 to 1."""

    splits: list[str]
    rows: list[tuple[str, list[tuple[int, float]]]]
    most: float
    """The largest share."""
    labels: int
    """Of all splits; the table may have fewer."""


def counts_of(rows: Rows, columns: Sequence[Column]) -> dict[str, int]:
    """Label -> how often, in natural order; empty if the answers of the rows have no labels.

    Entities and spans count each; of questions, those with an answer and those without one.
    """
    counts: Counter[str] = Counter()
    for column in columns:
        if column.answer and column.kind in KINDS:
            cells = [cell for cell in values(rows, column.name) or () if cell is not None]
            counts.update(_counts(column.kind, cells))
    return {name: counts[name] for name in sorted(counts, key=natural)}


def _counts(kind: str, cells: list[Any]) -> Counter[str]:
    if kind == "tags":
        tags = Counter(str(tag) for cell in cells for tag in cell)
        if any(check_tag(tag) for tag in tags):  # parts of speech, say
            return tags
        spans = tagging.entities([[ROLES.get(tag[0], "O") + tag[1:] for tag in map(str, cell)] for cell in cells])
        return Counter(spans.types[number] for number in spans.type)
    if kind == "spans":
        return Counter(str(span["label"]) for cell in cells for span in cell)
    return Counter(name for cell in cells for name in counted(kind, cell))


def table(counts: LabelCounts) -> LabelTable:
    """Of the splits that have labels, in their order; the most frequent labels of the first split first."""
    kept = {split: own for split, own in counts.items() if own}
    totals = [max(sum(own.values()), 1) for own in kept.values()]
    names = sorted({name for own in kept.values() for name in own}, key=natural)
    names.sort(key=lambda name: [-own.get(name, 0) for own in kept.values()])
    rows = [
        (name, [(own.get(name, 0), own.get(name, 0) / total) for own, total in zip(kept.values(), totals, strict=True)])
        for name in names
    ]
    most = max((share for _, cells in rows for _, share in cells), default=0.0)
    return LabelTable(list(kept), rows[:LABELS], most, len(rows))
