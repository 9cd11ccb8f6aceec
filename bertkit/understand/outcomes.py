"""Rows on which two Runs do not do equally well, of their verdicts: how many, which ones, and of which classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from bertkit.tasks.task import Verdict
from bertkit.tasks.verdicts import short

Counts = dict[str, int]
"""Rows by outcome (see `count`)."""


def count(one: Sequence[Verdict], other: Sequence[Verdict]) -> dict[str, int]:
    """Rows by outcome: `both_right`, `only_one`, `only_other`, `both_wrong`; where rows are partly right, or answers
    numbers, `one_better`, `other_better`, `alike`. And `same_answer`: rows that both answer alike."""
    pairs = [(a.score, b.score) for a, b in zip(one, other, strict=True)]
    same = {"same_answer": sum(map(_same, one, other))}
    better, worse = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
    if not {score for pair in pairs for score in pair} <= {0.0, 1.0}:
        return {"one_better": better, "other_better": worse, "alike": len(pairs) - better - worse, **same}
    both = sum(a == b == 1 for a, b in pairs)
    wrong = len(pairs) - both - better - worse
    return {"both_right": both, "only_one": better, "only_other": worse, "both_wrong": wrong, **same}


def _same(one: Verdict, other: Verdict) -> bool:
    """By what was found where that is known: several labels may be told in another order."""
    return one.found == other.found if one.found or other.found else one.given == other.given


def ranked(one: Sequence[Verdict], other: Sequence[Verdict]) -> list[int]:
    """Numbers of the rows whose scores differ: by how far, then by how sure both were.

    The second order is that of the difference of confidence, where that in a wrong answer counts below zero: a row that
    one Run gets right with 0.9 and the other wrong with 0.8 stands before one with 0.5 and 0.4.
    """

    def weight(number: int) -> tuple[float, float]:
        a, b = one[number], other[number]
        sure = [(v.confidence or 0.0) * (1 if v.score >= max(a.score, b.score) else -1) for v in (a, b)]
        return -abs(a.score - b.score), -abs(sure[0] - sure[1])

    return sorted((i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a.score != b.score), key=weight)


def by_class(one: Sequence[Verdict], other: Sequence[Verdict]) -> list[tuple[str, int, int, int]]:
    """Class, how often it was to be found, how often only the one found it, how often only the other; the widest gap
    first, and none that both found equally. Nothing where answers have no classes."""
    wanted, first, second = Counter[str](), Counter[str](), Counter[str]()
    for a, b in zip(one, other, strict=True):
        wanted.update(str(thing[0]) for thing in a.wanted)
        first.update(str(thing[0]) for thing in (a.wanted & a.found) - b.found)
        second.update(str(thing[0]) for thing in (a.wanted & b.found) - a.found)
    gaps = [(name, wanted[name], first[name], second[name]) for name in wanted if first[name] != second[name]]
    return sorted(gaps, key=lambda gap: (-abs(gap[2] - gap[3]), gap[0]))


def in_words(counts: Counts, one: str, other: str, rows: int) -> list[tuple[str, str, str]]:
    """Outcome, rows and their share, for people."""
    said = {
        "both_right": "both right",
        "only_one": f"only {one} right",
        "only_other": f"only {other} right",
        "both_wrong": "both wrong",
        "one_better": f"{one} better",
        "other_better": f"{other} better",
        "alike": "both as good",
        "same_answer": "the same answer from both",
    }
    return [(said[name], f"{count:,}", f"{count / rows:.1%}") for name, count in counts.items()]


def columns(
    counts: Counts, one: str, other: str, better: str
) -> tuple[list[str], list[Callable[[Verdict, Verdict, int], str]]]:
    """What is shown of a row that the Run `better` has better: headers, and functions of both verdicts and a length.

    Where answers are right or wrong, what the better one gave is what was right.
    """
    shown: list[Callable[[Verdict, Verdict, int], str]] = [
        lambda first, _, most: given(first, most),
        lambda _, second, most: given(second, most),
    ]
    if "both_right" in counts:
        return [f"{name}, right" if name == better else name for name in (one, other)], shown
    return ["right", one, other], [lambda first, _, most: short(first.right, most), *shown]


def given(verdict: Verdict, most: int) -> str:
    """An answer and its confidence, of at most so many characters."""
    sure = "" if verdict.confidence is None else f" ({verdict.confidence:.2f})"
    return short(verdict.given, most) + sure
