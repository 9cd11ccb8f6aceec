"""The report of `bertkit data check`: what the rows of each split hold, and what is odd in them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bertkit.data.check import answers, near, repeats, texts
from bertkit.data.check.finding import Finding, finding
from bertkit.data.columns.column import Column
from bertkit.data.tokenizer.coverage import Coverage
from bertkit.errors import Problem, name_some
from bertkit.warn import Warned


@dataclass(frozen=True)
class Lengths:
    """Lengths of the rows in tokens, and the effect of a limit of `max_length` tokens."""

    max_length: int
    percentiles: dict[int, int]
    longest: int
    cut: int
    """Rows longer than the limit."""
    lost: float
    """Share of all tokens beyond the limit."""


@dataclass(frozen=True)
class SplitReport:
    """The findings of one split."""

    name: str
    rows: int
    labels: dict[str, int]
    """Label -> number of rows, the most frequent first; empty if the answers are not labels."""
    numbers: dict[str, float]
    """`least`, `mean` and `most` of a column of numbers; empty without one."""
    empty: Finding
    """Rows with an empty text."""
    duplicates: Finding
    """Rows with the same texts as an earlier row."""
    conflicts: Finding
    """Texts with different answers; a place here names both: `a.csv:3 (yes) and a.csv:9 (no)`."""
    troubles: dict[str, Finding]
    odd: dict[str, Finding]
    """What is odd about the labels, and rows that are nearly the same."""
    overlap: Finding = field(default_factory=Finding)
    """Rows whose texts are in the training rows too; a place here names both."""
    unknown_labels: dict[str, int] = field(default_factory=dict)
    """Label that no training row has -> number of rows."""
    lengths: Lengths | None = None
    coverage: Coverage | None = None
    """What the tokenizer loses; None: not counted."""
    findings: list[str] = field(default_factory=list)
    """What the task says of these rows (`Task.findings`)."""

    @property
    def majority(self) -> float:
        """Share of the rows with the most frequent label."""
        return max(self.labels.values()) / self.rows if self.labels and self.rows else 0.0

    def lines(self) -> list[str]:
        lines = [f"{self.name}: {self.rows:,} rows"]
        if self.labels:
            most, least = next(iter(self.labels)), next(reversed(self.labels))
            spread = f"from {self.labels[least]:,} rows ({least}) to {self.labels[most]:,} ({most})"
            lines.append(f"labels: {len(self.labels)}, {spread}; the most frequent has {self.majority:.1%} of the rows")
        if self.numbers:
            lines.append("numbers: {least:g} to {most:g}, mean {mean:.4g}".format(**self.numbers))
        lines += self.findings
        if self.lengths:
            lines += self._length_lines(self.lengths)
        found = {
            "empty texts": self.empty,
            "rows that repeat an earlier one": self.duplicates,
            "texts with different answers": self.conflicts,
            **self.odd,
            **self.troubles,
        }
        lines += [f"{name}: {one}" for name, one in found.items() if one.count]
        if self.overlap.count:
            lines.append(f"{self.name} rows that are in train, {self.overlap.count / self.rows:.1%}: {self.overlap}")
        if self.unknown_labels:
            shown = name_some(f"{label} ({count:,})" for label, count in self.unknown_labels.items())
            lines.append(f"labels that only {self.name} has: {shown}")
        return lines + (self.coverage.lines() if self.coverage else [])

    def _length_lines(self, at: Lengths) -> list[str]:
        spread = ", ".join(f"{share}% have up to {length}" for share, length in at.percentiles.items())
        lines = [f"length in tokens: {spread}, the longest has {at.longest}"]
        if at.cut:
            share = at.cut / self.rows
            what = f"longer than {at.max_length} tokens: {at.cut:,} rows ({share:.1%})"
            lines.append(f"{what}, {at.lost:.1%} of all tokens lost")
        return lines


@dataclass(frozen=True)
class Report:
    """The findings of all splits: `lines()` to read, `as_dict()` for JSON."""

    splits: dict[str, SplitReport]
    bad_rows: list[str] = field(default_factory=list)
    """How many rows can not be used, a line per reason."""
    problems: list[Problem] = field(default_factory=list)
    """The errors with which a training would end before its first step."""
    warnings: list[Warned] = field(default_factory=list)
    """Those of a training on these rows."""

    @property
    def train(self) -> SplitReport:
        return self.splits["train"]

    @property
    def validation(self) -> SplitReport:
        return self.splits["validation"]

    def lines(self) -> list[str]:
        return [line for split in self.splits.values() for line in split.lines()] + self.bad_rows

    def as_dict(self) -> dict[str, Any]:
        splits = {
            name: {**dataclasses.asdict(split), "majority": split.majority} for name, split in self.splits.items()
        }
        problems = [str(problem) for problem in self.problems]
        return {**splits, "bad_rows": self.bad_rows, "problems": problems, "warnings": self.warnings}


def report_of(
    rows: Mapping[str, Any], columns: Sequence[Column], names: Mapping[str, set[str]] | None = None
) -> dict[str, SplitReport]:
    """The report of each split, without what a tokenizer or the task says.

    Args:
        rows: split -> rows from `Task.read`.
        names: column of the task -> names that it may have in the file.
    """
    known = names or {column.name: {column.name} for column in columns}
    found = {split: _report(split, part, columns, known) for split, part in rows.items()}
    if "train" not in rows:
        return found
    keys = {split: texts.keys(texts.texts_of(part, columns)) for split, part in rows.items()}
    places = {split: texts.places_of(part) for split, part in rows.items()}
    alike = _near(keys, places)
    for split, one in found.items():
        odd = {**one.odd, **alike[split]}
        if split == "train":
            found[split] = dataclasses.replace(one, odd=odd)
            continue
        unknown = {label: count for label, count in one.labels.items() if label not in found["train"].labels}
        both = repeats.shared(keys["train"], keys[split], places["train"], places[split])
        found[split] = dataclasses.replace(one, odd=odd, unknown_labels=unknown, overlap=finding(both))
    return found


def _report(name: str, rows: Any, columns: Sequence[Column], names: Mapping[str, set[str]]) -> SplitReport:
    places, shown = texts.places_of(rows), texts.texts_of(rows, columns)
    cells = {column: values for column in columns if column.answer and (values := texts.values(rows, column.name))}
    duplicates, conflicts = repeats.repeated(texts.keys(shown), cells, places)
    counts = answers.label_counts(cells)
    odd: dict[str, Finding] = {}
    for column, cell in cells.items() if name == "train" else ():
        odd |= answers.odd(column, cell)
    if (headers := answers.headers(shown, cells, names, places)).count:
        odd["rows that hold the names of the columns (a header in the middle?)"] = headers
    return SplitReport(
        name, len(rows), counts, answers.span_of(cells), texts.empty_texts(shown, places), duplicates, conflicts,
        texts.troubles(shown, places), odd,
    )  # fmt: skip


def _near(
    keys: Mapping[str, Sequence[texts.Key]], places: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, Finding]]:
    """For each split, rows that are nearly the same as a training row, else as an earlier one of the split."""
    order = ["train", *(split for split in keys if split != "train")]
    owner = [(split, row) for split in order for row in range(len(keys[split]))]
    found: dict[str, dict[str, list[str]]] = {split: {} for split in keys}
    for later, earlier in near.near_duplicates([key for split in order for key in keys[split]]):
        (split, row), (other, first) = owner[later], owner[earlier]
        what = "rows nearly the same as an earlier one"
        if split != "train" and other == "train":
            what = f"{split} rows nearly the same as one in train"
        found[split].setdefault(what, []).append(f"{places[split][row]} and {places[other][first]}")
    return {split: {what: finding(where) for what, where in kinds.items()} for split, kinds in found.items()}


def lengths_of_rows(sizes: Sequence[int], max_length: int) -> Lengths:
    """
    Args:
        sizes: tokens of each row, before it is cut.
        max_length: the limit of training, in tokens.
    """
    ordered = sorted(sizes)
    percentiles = {share: ordered[math.ceil(share / 100 * len(ordered)) - 1] for share in (50, 90, 95, 99)}
    beyond = [size - max_length for size in sizes if size > max_length]
    return Lengths(max_length, percentiles, ordered[-1], len(beyond), sum(beyond) / (sum(sizes) or 1))
