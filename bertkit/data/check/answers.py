"""The answers of rows: how often each label occurs, and what is odd about labels and numbers."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bertkit.data.check.finding import Finding, finding
from bertkit.data.check.texts import normal
from bertkit.data.columns.column import Column

MANY = 20
"""More distinct whole numbers than this, each in few rows, look like scores rather than classes."""
FEW_ROWS = 3
"""Rows per label below which many numbers are taken for scores."""
FRACTIONS = 6
"""Distinct numbers of which some have a fraction, from which on they are taken for scores: 0.0 and 1.0 are labels."""

UNCOUNTED = ("number", "text", "texts")
"""Kinds of columns whose values are no labels."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def counted(kind: str, value: Any) -> Iterable[str]:
    """The labels that a row is counted under; for answers, whether it has one."""
    if kind == "answers":
        return ["with an answer" if value else "without an answer"]
    if kind == "spans":
        return list(dict.fromkeys(span["label"] for span in value))
    return list(dict.fromkeys(map(str, value))) if isinstance(value, list) else [str(value)]


def shown(kind: str, value: Any) -> str:
    """An answer as text; equal for equal answers."""
    if kind == "answers":
        return ", ".join(sorted({answer["text"] for answer in value})) or "no answer"
    if kind == "spans":
        return ", ".join(f"{span['start']}-{span['end']} {span['label']}" for span in value) or "no spans"
    if kind == "tags":
        return " ".join(value)
    return ", ".join(sorted(value)) if isinstance(value, list) else str(value)


def label_counts(answers: Mapping[Column, Sequence[Any]]) -> dict[str, int]:
    """Label -> number of rows, the most frequent first; of columns that hold neither numbers nor texts."""
    counts: Counter[str] = Counter()
    for column, values in answers.items():
        if column.kind not in UNCOUNTED:
            for value in values:
                counts.update(counted(column.kind, value))
    return dict(counts.most_common())


def span_of(answers: Mapping[Column, Sequence[Any]]) -> dict[str, float]:
    """`least`, `mean` and `most` of the numbers; empty without any."""
    numbers = [value for column, values in answers.items() if column.kind == "number" for value in values]
    if not numbers:
        return {}
    return {"least": min(numbers), "mean": math.fsum(numbers) / len(numbers), "most": max(numbers)}


def odd(column: Column, values: Sequence[Any]) -> dict[str, Finding]:
    """What is odd about the answers of a column, by name: labels that may be one label, numbers that may be scores or
    classes."""
    if column.kind == "number":
        few = sorted(set(values))
        classes = len(few) == 2 and len(values) >= MANY
        what = "numbers of two values alone: labels? then task: classify"
        return {what: finding([f"{value:g}" for value in few])} if classes else {}
    if column.kind not in ("label", "labels"):
        return {}
    counts = label_counts({column: values})
    alike: dict[str, list[str]] = {}
    equal: dict[float, list[str]] = {}
    for label in counts:
        alike.setdefault("".join(normal(label).split()), []).append(label)
        if _NUMBER.fullmatch(label):
            equal.setdefault(float(label), []).append(label)
    found = {
        "labels with a single row": [label for label, count in counts.items() if count == 1],
        "labels that differ only in case or white space": _groups(alike, counts),
        "labels that are the same number": _groups(equal, counts),
        "labels that are numbers: scores? then task: regress": (
            list(counts) if _look_like_scores(counts, len(values)) else []
        ),
    }
    return {name: finding(places) for name, places in found.items() if places}


def _groups(groups: Mapping[Any, list[str]], counts: Mapping[str, int]) -> list[str]:
    several = (names for names in groups.values() if len(names) > 1)
    return [" and ".join(f"{name} ({counts[name]:,})" for name in names) for names in several]


def _look_like_scores(counts: Mapping[str, int], rows: int) -> bool:
    if not counts or not all(_NUMBER.fullmatch(label) for label in counts):
        return False
    if any(not float(label).is_integer() for label in counts):
        return len(counts) >= FRACTIONS
    return len(counts) > MANY and rows < FEW_ROWS * len(counts)


def headers(
    texts: Mapping[str, Sequence[str]], answers: Mapping[Column, Sequence[Any]], names: Mapping[str, set[str]],
    places: Sequence[str],
) -> Finding:  # fmt: skip
    """Rows that hold the names of their columns: a header repeated in the middle of a file.

    Args:
        names: column of the task -> names that it may have in the file.
    """
    labels = {column.name: v for column, v in answers.items() if column.kind in ("label", "labels")}
    if not texts or not labels:
        return Finding()
    folded = {column: {normal(name) for name in known} for column, known in names.items()}
    columns = {**texts, **labels}
    found = []
    for place, *row in zip(places, *columns.values(), strict=True):
        cells = zip(columns, row, strict=True)
        if all(normal(" ".join(c) if isinstance(c, list) else c) in folded.get(name, ()) for name, c in cells):
            found.append(place)
    return finding(found)
