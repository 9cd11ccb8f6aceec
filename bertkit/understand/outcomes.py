"""Rows on which two Runs differ, from their verdicts: how many, which ones, and of which classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from bertkit.tasks.task import Verdict


class ClassGap(NamedTuple):
    """A class that one of two Runs finds more often."""

    name: str
    wanted: int
    """How often it was to be found."""
    only_one: int
    only_other: int


def count(one: Sequence[Verdict], other: Sequence[Verdict]) -> dict[str, int]:
    """Rows by outcome.

    `both_right`, `only_one`, `only_other` and `both_wrong` where every row is right or wrong. Where rows are partly
    right, or answers are numbers, `one_better`, `other_better` and `alike`. Always `same_answer`: both answer alike.
    """
    pairs = [(a.score, b.score) for a, b in zip(one, other, strict=True)]
    same = {"same_answer": sum(map(_same, one, other))}
    better, worse = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
    if not {score for pair in pairs for score in pair} <= {0.0, 1.0}:
        return {"one_better": better, "other_better": worse, "alike": len(pairs) - better - worse, **same}
    both = sum(a == b == 1 for a, b in pairs)
    wrong = len(pairs) - both - better - worse
    return {"both_right": both, "only_one": better, "only_other": worse, "both_wrong": wrong, **same}


def _same(one: Verdict, other: Verdict) -> bool:
    """By sets where there are such: texts may name several labels in another order."""
    return (
        one.predicted_labels == other.predicted_labels
        if one.predicted_labels or other.predicted_labels
        else one.predicted == other.predicted
    )


def ranked(one: Sequence[Verdict], other: Sequence[Verdict]) -> list[int]:
    """Numbers of the rows whose scores differ, from 0, by how far; ties by how sure both Runs were.

    Of equal scores, the difference of confidence decides, where confidence in a wrong answer counts as negative: a row
    that one Run has right with 0.9 and the other wrong with 0.8 comes before one with 0.5 and 0.4.
    """

    def weight(number: int) -> tuple[float, float]:
        a, b = one[number], other[number]
        sure = [(v.confidence or 0.0) * (1 if v.score >= max(a.score, b.score) else -1) for v in (a, b)]
        return -abs(a.score - b.score), -abs(sure[0] - sure[1])

    return sorted((i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a.score != b.score), key=weight)


def by_class(one: Sequence[Verdict], other: Sequence[Verdict]) -> list[ClassGap]:
    """Classes that one Run finds more often, the widest gap first; none where answers have no classes."""
    wanted, first, second = Counter[str](), Counter[str](), Counter[str]()
    for a, b in zip(one, other, strict=True):
        wanted.update(str(item[0]) for item in a.expected_labels)
        first.update(str(item[0]) for item in (a.expected_labels & a.predicted_labels) - b.predicted_labels)
        second.update(str(item[0]) for item in (a.expected_labels & b.predicted_labels) - a.predicted_labels)
    gaps = [ClassGap(name, wanted[name], first[name], second[name]) for name in wanted if first[name] != second[name]]
    return sorted(gaps, key=lambda gap: (-abs(gap.only_one - gap.only_other), gap.name))
