"""Wrong answers with their texts, the score by length, and kinds of errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bertkit.report import figures, plots
from bertkit.report.sections.marked import TextPart, marked
from bertkit.tasks.task import Task, Verdict
from bertkit.tasks.verdicts import short

MISTAKES = 20
TEXT = 300
"""Characters that are shown of a text."""
DOTS = 1000
"""Most dots of a scatter plot; of more rows, evenly spaced ones are shown."""


class MistakeRow(NamedTuple):
    """A wrong answer; `parts` is its text."""

    row: int
    """From 1."""
    parts: list[TextPart]
    expected: str
    predicted: str
    score: float
    confidence: float | None


class ErrorKindRow(NamedTuple):
    """A kind of errors; an example is its row, from 1, and what was labelled and predicted."""

    kind: str
    labelled: int
    predicted: int
    examples: list[tuple[int, str, str]]


def section(task: Task, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Mistakes, score by length, and for numbers a plot of predicted and true values."""
    numbers = task.takes == "scores"
    wrong = figures.mistakes(verdicts, MISTAKES, best=0.0 if numbers else 1.0)
    lengths = figures.by_length(verdicts)
    dots = verdicts[:: max(1, -(-len(verdicts) // DOTS))]
    shown = [_mistake(row, verdict) for row, verdict in wrong]
    return {
        "numbers": numbers,
        "mistakes": shown,
        "marked": any(part.side for one in shown for part in one.parts),
        "wrong": sum(verdict.score < (0 if numbers else 1) for verdict in verdicts),
        "sure": any(verdict.confidence is not None for _, verdict in wrong),
        "by_length": _by_length(lengths, numbers) if len(lengths) > 1 else "",
        "scatter": _scatter(dots) if numbers else "",
        "dots": len(dots),
    }


def error_kinds(kinds: Mapping[str, Mapping[str, Any]]) -> list[ErrorKindRow]:
    """The kinds of errors that occur (`Task.error_kinds`)."""
    return [
        ErrorKindRow(kind, errors["gold"], errors["predicted"], [_example(one) for one in errors["examples"]])
        for kind, errors in kinds.items()
        if errors["gold"] or errors["predicted"]
    ]


def _example(one: Mapping[str, Any]) -> tuple[int, str, str]:
    labelled, predicted = (short(one.get(side) or "nothing", TEXT) for side in ("gold", "predicted"))
    return one["row"] + 1, labelled, predicted


def _mistake(row: int, one: Verdict) -> MistakeRow:
    parts = marked(one.text, one.expected_spans, one.predicted_spans, TEXT)
    return MistakeRow(row + 1, parts, short(one.expected, TEXT), short(one.predicted, TEXT), one.score, one.confidence)


def _by_length(lengths: Sequence[figures.Length], numbers: bool) -> Any:
    values = [-one.score if numbers else one.score for one in lengths]
    low, high = (0.0, float("inf")) if numbers else (0.0, 1.0)
    errors = [
        (max(0.0, min(one.margin, value - low)), max(0.0, min(one.margin, high - value)))
        for value, one in zip(values, lengths, strict=True)
    ]
    names = [f"{_characters(a)}–{_characters(b)}" if a < b else _characters(a) for a, b, *_ in lengths]
    return plots.bars(
        names, values,
        title=f"{'Error' if numbers else 'Score'} by length of the text", x="characters",
        y="mean absolute error" if numbers else "mean score", errors=errors, notes=[f"{one.rows:,}" for one in lengths],
        top=None if numbers else 1.0,
    )  # fmt: skip


def _characters(count: int) -> str:
    """Short enough for the width of a bar: `4187`, `12k`."""
    return str(count) if count < 10_000 else f"{count / 1000:.0f}k"


def _scatter(verdicts: Sequence[Verdict]) -> Any:
    numbers = [v for v in verdicts if _is_number(v.expected) and _is_number(v.predicted)]
    pairs = [(float(v.expected), float(v.predicted)) for v in numbers]
    true, predicted = [a for a, _ in pairs], [b for _, b in pairs]
    return plots.scatter(true, predicted, title="Predicted and true values", x="true", y="predicted")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
