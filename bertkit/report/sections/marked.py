"""A text with the parts of its correct and its predicted answer marked, cut to what people read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from bertkit.tasks.verdicts import short

AROUND = 60
"""Characters of plain text that stay beside a mark where a long text is cut."""
MARKS = 40
"""Most parts that are marked on either side."""

Places = Sequence[tuple[int, int, str]]
"""First character, the one after the last, kind (see `Verdict.expected_spans`)."""


class TextPart(NamedTuple):
    """A part of a text. `tags` belong at its end, where a marked part of an answer ends: side and words of each."""

    text: str
    side: str = ""
    """`right`: the same part of both answers; `expected` or `predicted`: of one alone; `both`: of different parts of
    the two; empty: of none."""
    tags: Sequence[tuple[str, str]] = ()


def marked(text: str, expected: Places, predicted: Places, most: int) -> list[TextPart]:
    """The parts of a text, in order.

    Args:
        most: characters of a text without marks. With them, plain text between marks is cut first; the whole is at most
            about twice as long, with an ellipsis at its end.
    """
    sides = [_usable(side, len(text)) for side in (expected, predicted)]
    if not any(sides):
        return [TextPart(short(text, most))]
    right = set(sides[0]) & set(sides[1])
    ends = sorted({0, len(text), *(end for side in sides for span in side for end in span[:2])})
    parts: list[TextPart] = []
    for start, end in pairwise(ends):
        over = [[span for span in side if span[0] <= start and end <= span[1]] for side in sides]
        side = _side(over, right)
        tags = [_tag(name, span, right) for name, own in zip(("expected", "predicted"), over, strict=True)
                for span in own if span[1] == end and not (name == "predicted" and span in right)]  # fmt: skip
        shown = re.sub(r"\s+", " ", text[start:end])
        if not side and len(text) > most:
            shown = _cut(shown, before=start > 0, after=end < len(text))
        parts.append(TextPart(shown, side, tags))
    return _limited(parts, 2 * most)


def _usable(spans: Places, length: int) -> list[tuple[int, int, str]]:
    """Those that lie in the text, as far as they are shown; a user's task may give any."""
    found: list[tuple[int, int, str]] = []
    for start, end, kind in spans:
        if 0 <= start < end <= length and (start, end, str(kind)) not in found:
            found.append((int(start), int(end), str(kind)))
    return sorted(found)[:MARKS]


def _side(over: Sequence[Sequence[Any]], right: set[tuple[int, int, str]]) -> str:
    if over[0] and over[1]:
        return "right" if set(over[0]) == set(over[1]) and set(over[0]) <= right else "both"
    return "expected" if over[0] else "predicted" if over[1] else ""


def _tag(side: str, span: tuple[int, int, str], right: set[tuple[int, int, str]]) -> tuple[str, str]:
    kind = span[2]
    if span in right:
        return "right", f"{kind} ✓".strip()
    return side, f"{side} {kind}".strip()


def _cut(text: str, *, before: bool, after: bool) -> str:
    """A plain part of a long text: what stands beside marks stays.

    Args:
        before, after: whether a marked part stands there.
    """
    if len(text) <= AROUND * (before + after) + 3:
        return text
    return (text[:AROUND] if before else "") + " … " + (text[-AROUND:] if after else "")


def _limited(parts: list[TextPart], most: int) -> list[TextPart]:
    kept: list[TextPart] = []
    left = most
    for part in parts:
        if len(part.text) > left:
            return [*kept, part._replace(text=short(part.text, max(left, 2)))] if left > 1 else [*kept, TextPart("…")]
        kept.append(part)
        left -= len(part.text)
    return kept
