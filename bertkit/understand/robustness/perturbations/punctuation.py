"""Punctuation removed or added. Marks inside words and numbers (don't, e-mail, 3.5, a.b@c.de) stay."""

from __future__ import annotations

import unicodedata

from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.perturbation import (
    Perturbation,
    Rng,
    characters_of,
    draw,
    is_cjk,
    words_of,
)

ENDS, CHINESE_ENDS = (".", "!", "...", " ;"), ("。", "！", "……")


def is_mark(character: str) -> bool:
    """Whether a character is punctuation."""
    return unicodedata.category(character)[0] == "P"


def remove(text: str, rng: Rng, strength: float) -> list[Edit]:
    """All marks that do not join letters or digits are removed, with the space that would then stand twice."""
    edits = []
    for at, character in enumerate(text):
        before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
        if is_mark(character) and not (before.isalnum() and after.isalnum() and not characters_of(before + after)):
            twice = before.isspace() and (not after or after.isspace())
            edits.append(Edit(at - 1 if twice else at, at + 1, ""))
    return edits


def add(text: str, rng: Rng, strength: float) -> list[Edit]:
    """A mark at the end of a text that has none, and commas after some words."""
    words = words_of(text)
    able = [(start, end) for start, end in words[:-1] if text[end : end + 1] == " "]
    edits = [Edit(end, end, ",") for _, end in draw(able, rng, strength, len(words))]
    end = len(text.rstrip())
    if end and text[end - 1].isalnum():
        marks = CHINESE_ENDS if is_cjk(text) else ENDS
        edits.append(Edit(end, end, marks[rng.integers(len(marks))]))
    return edits


PUNCTUATION = (
    Perturbation("punctuation_removed", "punctuation", "no marks but those inside words and numbers", remove),
    Perturbation(
        "punctuation_added", "punctuation", "commas after words, and a mark at the end", add, gold="apart", drawn=True
    ),
)
