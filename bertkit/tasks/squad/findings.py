"""What `bertkit data check` says of questions: answers that a span model can not learn, and how contexts repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.data.read.rows import some

YES_NO = frozenset({"yes", "no", "yes.", "no.", "是", "否", "不是"})
"""Answers that say yes or no: where they stand in the text says nothing about the question."""
LONG = 200
"""Characters of an answer from which on it is a passage rather than an answer."""


def findings(contexts: Sequence[str], golds: Sequence[Sequence[dict[str, Any]]], places: Sequence[str]) -> list[str]:
    """
    Args:
        golds: answers of each question.
    """
    without = sum(not gold for gold in golds)
    several = sum(len(gold) > 1 for gold in golds)
    lines = [
        f"questions: {len(golds):,}, on {len(set(contexts)):,} contexts; without an answer: {without:,}, "
        f"with several: {several:,}"
    ]
    kinds = {
        "questions with a yes or no for an answer, which no span can give": [
            place for place, gold in zip(places, golds, strict=True)
            if any(answer["text"].strip().casefold() in YES_NO for answer in gold)
        ],
        f"answers of {LONG} characters or more": [
            place for place, gold in zip(places, golds, strict=True) if any(len(a["text"]) >= LONG for a in gold)
        ],
        "answers that are their whole context": [
            place for place, gold, context in zip(places, golds, contexts, strict=True)
            if any(answer["text"].strip() == context.strip() for answer in gold)
        ],
    }  # fmt: skip
    return lines + [f"{what}: {len(found):,} ({some(found[:3], len(found))})" for what, found in kinds.items() if found]
