"""One negation added or removed, in English or Chinese. The right answer may change with it, so this is no invariance:
what is reported is how many answers change and how many stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.perturbation import Perturbation, Rng, like

_WHO = r"(?:(?:i|you|he|she|it|we|they|this|that|there)\b|(?:my|your|his|her|its|our|their|the)\s\w+)"
_ASKED = r"(^|[.?!,]\s+|\b(?:where|when|why|how|what|who)\s)"
_CAN = r"(?:is|are|was|were|am|will|would|can|could|should|must)"
_WANT = "want|like|need|know|think|see|get|love|agree|understand|believe|live|work|use|expect|recommend|trust|remember"

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def _rule(pattern: str, new: Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern, re.IGNORECASE), new


RULES: Sequence[Rule] = (
    # a negation that is there is removed
    _rule(r"\bcan(?:not|['’]t|\snot)\b", lambda m: like(m[0], "can")),
    _rule(r"\bwon['’]t\b", lambda m: like(m[0], "will")),
    _rule(r"\b(?:do|does|did)(?:n['’]t|\snot)\s", lambda m: ""),
    _rule(rf"\b({_CAN}|have|has|had)(?:n['’]t|\snot)\b", lambda m: m[1]),
    _rule(r"(不|没)(?=[是能会要想好对有可])", lambda m: ""),
    # else one is added
    _rule(rf"{_ASKED}({_CAN}\s{_WHO})(?=\s)", lambda m: f"{m[1]}{m[2]} not"),
    _rule(rf"\b({_CAN})(?=\s\w)", lambda m: f"{m[1]} not"),
    _rule(rf"\b(i|you|we|they)\s({_WANT})\b", lambda m: f"{m[1]} do not {m[2]}"),
    _rule(r"(?<![不但还就总于只要])是(?!否)", lambda m: "不是"),
    _rule(r"(?<![不没])有(?!没)", lambda m: "没有"),
    _rule(r"(?<![不])(可以|能够|喜欢|愿意|知道|应该|会|想)", lambda m: f"不{m[1]}"),
)


def negate(text: str, rng: Rng, strength: float) -> list[Edit]:
    """The first rule that applies, once."""
    for pattern, new in RULES:
        if match := pattern.search(text):
            return [_smallest(match[0], new(match), match.start())]
    return []


def _smallest(old: str, new: str, at: int) -> Edit:
    """The edit without what both begin and end with, so that `not` is inserted beside a word."""
    front = _alike(old, new)
    rest, fresh = old[front:], new[front:]
    back = _alike(rest[::-1], fresh[::-1])
    return Edit(at + front, at + len(old) - back, fresh[: len(fresh) - back])


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


NEGATION = (
    Perturbation(
        "negated", "negation", "a negation is added or removed", negate,
        keeps_answer=False, columns="first", gold="apart",
    ),
)  # fmt: skip
