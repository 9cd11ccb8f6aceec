"""Check the rows of a data set before training: labels, lengths, duplicates, conflicts, encoding errors.

Texts are compared in a normal form: NFKC, case folded, white space collapsed. The rows are not changed.
"""

from __future__ import annotations

import dataclasses
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertkit.data.columns.column import Column
from bertkit.data.read.rows import some
from bertkit.data.tokenizer.coverage import Coverage, sample
from bertkit.errors import name_some

if TYPE_CHECKING:
    from datasets import Dataset

SHOWN = 3
"""Number of places shown for each finding."""

Cover = Callable[[list[dict[str, Any]], int], Coverage]
"""A sample of rows, and the number of all rows -> what the tokenizer loses of their texts."""

Tokens = Callable[[list[dict[str, Any]]], list[int]]
"""Rows -> number of tokens of each, before truncation."""

_CONTINUED = (
    "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"  # second or later byte of a UTF-8 character, read as latin-1 or cp1252
)

TROUBLES = {
    "a character was lost (U+FFFD)": re.compile("\ufffd"),
    "UTF-8 read in another encoding (such as Ã©, â€™)": re.compile(f"[ÂÃ]{_CONTINUED}|â{_CONTINUED}{{2}}"),
    "control characters": re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"),
    "invisible characters (zero width, byte order mark)": re.compile("[\u200b\u2060\ufeff]"),
    "HTML": re.compile(r"&(?:amp|lt|gt|quot|nbsp|#\d+);|<br ?/?>"),
    "no letter at all": re.compile(r"\A(?=.*\S)[\W\d_]+\Z", re.DOTALL),
}
"""Name of a problem in a text -> its pattern."""


@dataclass(frozen=True)
class Finding:
    """How many, and the first places."""

    count: int = 0
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.count:,} ({some(list(self.places), self.count)})" if self.count else "0"


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
    lengths: Lengths
    coverage: Coverage | None = None
    """What the tokenizer loses; None: not counted."""

    @property
    def majority(self) -> float:
        """Share of the rows with the most frequent label."""
        return max(self.labels.values()) / self.rows if self.labels else 0.0

    def lines(self) -> list[str]:
        lines = [f"{self.name}: {self.rows:,} rows"]
        if self.labels:
            most, least = next(iter(self.labels)), next(reversed(self.labels))
            spread = f"from {self.labels[least]:,} rows ({least}) to {self.labels[most]:,} ({most})"
            lines.append(f"labels: {len(self.labels)}, {spread}; the most frequent has {self.majority:.1%} of the rows")
        if self.numbers:
            lines.append("numbers: {least:g} to {most:g}, mean {mean:.4g}".format(**self.numbers))
        at = self.lengths
        spread = ", ".join(f"{share}% have up to {length}" for share, length in at.percentiles.items())
        lines.append(f"length in tokens: {spread}, the longest has {at.longest}")
        if at.cut:
            share = at.cut / self.rows
            lines.append(
                f"longer than {at.max_length} tokens: {at.cut:,} rows ({share:.1%}), {at.lost:.1%} of all tokens lost"
            )
        findings = {
            "empty texts": self.empty,
            "rows that repeat an earlier one": self.duplicates,
            "texts with different answers": self.conflicts,
            **self.troubles,
        }
        lines += [f"{name}: {finding}" for name, finding in findings.items() if finding.count]
        return lines + (self.coverage.lines() if self.coverage else [])


@dataclass(frozen=True)
class Report:
    """The findings of `check`: `lines()` to read, `as_dict()` for JSON."""

    train: SplitReport
    validation: SplitReport | None = None
    overlap: Finding = field(default_factory=Finding)
    """Validation rows whose texts are in the training rows too; a place here names both."""
    unknown_labels: dict[str, int] = field(default_factory=dict)
    """Label that only validation rows have -> number of rows."""

    @property
    def overlap_share(self) -> float:
        """Share of the validation rows whose texts are in the training rows."""
        return self.overlap.count / self.validation.rows if self.validation else 0.0

    def lines(self) -> list[str]:
        lines = self.train.lines() + (self.validation.lines() if self.validation else [])
        if self.overlap.count:
            lines.append(f"validation rows that are in train, {self.overlap_share:.1%}: {self.overlap}")
        if self.unknown_labels:
            shown = name_some(f"{label} ({count:,})" for label, count in self.unknown_labels.items())
            lines.append(f"labels that only validation has: {shown}")
        return lines

    def as_dict(self) -> dict[str, Any]:
        splits = [split for split in (self.train, self.validation) if split]
        shares = {"majority": {split.name: split.majority for split in splits}, "overlap_share": self.overlap_share}
        return dataclasses.asdict(self) | shares


def check(
    train: Dataset, validation: Dataset | None, columns: Sequence[Column], *, tokens: Tokens, max_length: int,
    cover: Cover | None = None,
) -> Report:  # fmt: skip
    """Check rows from `dataset.load`.

    Args:
        columns: the task's.
        tokens: counts the tokens of rows, before truncation.
        max_length: the limit of training, in tokens.
        cover: counts what the tokenizer loses.
    """

    def covered(report: SplitReport, rows: Dataset) -> SplitReport:
        found = cover(rows.select(sample(len(rows))).to_list(), len(rows)) if cover else None
        return dataclasses.replace(report, coverage=found)

    report = Report(covered(_report("train", train, columns, tokens, max_length), train))
    if validation is None:
        return report
    other = covered(_report("validation", validation, columns, tokens, max_length), validation)
    unknown = {label: count for label, count in other.labels.items() if label not in report.train.labels}
    places = _overlap(train, validation, _texts(train, columns))
    return Report(report.train, other, _finding(places), unknown)


def overlap(train: Dataset, validation: Dataset, text_columns: Sequence[str]) -> int:
    """Number of validation rows whose texts a training row has too."""
    return len(_overlap(train, validation, text_columns))


def _report(name: str, dataset: Dataset, columns: Sequence[Column], tokens: Tokens, max_length: int) -> SplitReport:
    texts = _texts(dataset, columns)
    answers = [column for column in columns if column.answer and column.name in dataset.column_names]
    duplicates, conflicts = _repeated(dataset, texts, answers)
    labels: Counter[str] = Counter()
    numbers: list[float] = []
    for column in answers:
        for value in dataset[column.name][:]:
            if column.kind == "number":
                numbers.append(value)
            else:
                labels.update(_labels(column.kind, value))
    span = {"least": min(numbers), "mean": math.fsum(numbers) / len(numbers), "most": max(numbers)} if numbers else {}
    empty, troubles = _troubles(dataset, texts)
    lengths = _lengths(dataset, tokens, max_length)
    counts = dict(labels.most_common())
    return SplitReport(name, len(dataset), counts, span, empty, duplicates, conflicts, troubles, lengths)


def _texts(dataset: Dataset, columns: Sequence[Column]) -> list[str]:
    return [c.name for c in columns if c.kind in ("text", "words", "choices") and c.name in dataset.column_names]


def _column(dataset: Dataset, name: str) -> list[str]:
    """A column of texts; words and choices are joined by spaces."""
    return [value if isinstance(value, str) else " ".join(value) for value in dataset[name][:]]


def _labels(kind: str, value: Any) -> Iterable[str]:
    """The labels that a row is counted under; for answers, whether it has one."""
    if kind == "answers":
        return ["with an answer" if value else "without an answer"]
    if kind == "spans":
        return {span["label"] for span in value}
    return set(value) if isinstance(value, list) else [value]


def _shown(kind: str, value: Any) -> str:
    """An answer as text; equal for equal answers."""
    if kind == "answers":
        return ", ".join(sorted({answer["text"] for answer in value})) or "no answer"
    if kind == "spans":
        return ", ".join(f"{span['start']}-{span['end']} {span['label']}" for span in value) or "no spans"
    if kind == "tags":
        return " ".join(value)
    return ", ".join(sorted(value)) if isinstance(value, list) else str(value)


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _keys(dataset: Dataset, texts: Sequence[str]) -> list[tuple[str, ...]]:
    """The texts of each row, in normal form."""
    return list(zip(*([_normal(text) for text in _column(dataset, name)] for name in texts), strict=True))


def _repeated(dataset: Dataset, texts: Sequence[str], answers: Sequence[Column]) -> tuple[Finding, Finding]:
    """Rows with the same texts as an earlier row, and texts with different answers."""
    shown = [[_shown(column.kind, value) for value in dataset[column.name][:]] for column in answers]
    values = list(zip(*shown, strict=True)) if shown else [()] * len(dataset)
    places = dataset["place"][:]
    first: dict[tuple[str, ...], int] = {}
    duplicates: list[str] = []
    conflicts: dict[tuple[str, ...], str] = {}
    for row, key in enumerate(_keys(dataset, texts)):
        earlier = first.setdefault(key, row)
        if earlier == row:
            continue
        duplicates.append(places[row])
        if values[row] != values[earlier]:
            both = (f"{places[i]} ({'; '.join(values[i])})" for i in (earlier, row))
            conflicts.setdefault(key, " and ".join(both))
    return _finding(duplicates), _finding(list(conflicts.values()))


def _overlap(train: Dataset, validation: Dataset, texts: Sequence[str]) -> list[str]:
    """`dev.csv:3 and train.csv:17` for each validation row whose texts a training row has too."""
    seen: dict[tuple[str, ...], int] = {}
    for row, key in enumerate(_keys(train, texts)):
        seen.setdefault(key, row)
    places, origin = validation["place"][:], train["place"][:]
    keys = enumerate(_keys(validation, texts))
    return [f"{places[row]} and {origin[seen[key]]}" for row, key in keys if key in seen]


def _troubles(dataset: Dataset, texts: Sequence[str]) -> tuple[Finding, dict[str, Finding]]:
    """Rows with an empty text, and rows with a text that matches one of `TROUBLES`."""
    places = dataset["place"][:]
    columns = [_column(dataset, name) for name in texts]
    rows = list(zip(places, *columns, strict=True))
    empty = [place for place, *row in rows if not all(map(str.strip, row))]
    matches = {
        name: [place for place, *row in rows if any(map(pattern.search, row))] for name, pattern in TROUBLES.items()
    }
    return _finding(empty), {name: _finding(where) for name, where in matches.items() if where}


def _lengths(dataset: Dataset, tokens: Tokens, max_length: int) -> Lengths:
    sizes: list[int] = []
    for start in range(0, len(dataset), 1_000):
        sizes += tokens(dataset.select(range(start, min(start + 1_000, len(dataset)))).to_list())
    ordered = sorted(sizes)
    percentiles = {share: ordered[math.ceil(share / 100 * len(ordered)) - 1] for share in (50, 90, 95, 99)}
    beyond = [size - max_length for size in sizes if size > max_length]
    return Lengths(max_length, percentiles, ordered[-1], len(beyond), sum(beyond) / (sum(sizes) or 1))


def _finding(places: list[str]) -> Finding:
    return Finding(len(places), tuple(places[:SHOWN]))
