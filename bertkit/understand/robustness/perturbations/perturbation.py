"""What a perturbation is: a pure function of a text and a random generator that returns edits."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bertkit.tasks.words import CJK, split
from bertkit.understand.robustness.edits import Edit

Rng = np.random.Generator
Span = tuple[int, int]
EditsOf = Callable[[str, Rng, float], list[Edit]]
"""`(text, generator, strength)` -> edits; none where it does not apply. `strength` is the share of words, 0 to 1."""

_CJK = re.compile(f"[{CJK}]")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Perturbation:
    """One way to change texts.

    Args:
        name: its name on the command line and in reports.
        family: those alike; it names them all on the command line.
        does: what it does, in a line.
        edit: see `EditsOf`.
        keeps_answer: whether the right answer stays right. If not, only changes of the answer are reported.
        columns: which columns it changes. `all` that hold texts; `body`: the text that answers stand in, else all
            texts of a pair or a query's document; `first`: the first alone.
        gold: what it may do in an entity. `moves`: anything, as the entity moves along; `whole`: only replace all of
            it; `apart`: nothing. Answers that stand in a text (`squad`) change along with it where it is `whole`, as
            the same change is made in the question.
        together: whether a row is left as it is where one of the edits can not be made, because the same change in all
            texts of the row is what keeps the answer right.
        drawn: whether `strength` counts.
    """

    name: str
    family: str
    does: str
    edit: EditsOf
    keeps_answer: bool = True
    columns: Literal["all", "body", "first"] = "all"
    gold: Literal["moves", "whole", "apart"] = "moves"
    together: bool = False
    drawn: bool = False


def words_of(text: str, least: int = 1) -> list[Span]:
    """Spans of words with letters alone, of a script with spaces, and at least so many letters."""
    return [
        (start, end)
        for start, end in split(text)
        if end - start >= least and _LETTERS.fullmatch(text, start, end) and not _CJK.match(text, start)
    ]


def characters_of(text: str) -> list[int]:
    """Places of Chinese and Japanese characters."""
    return [match.start() for match in _CJK.finditer(text)]


def is_cjk(text: str) -> bool:
    """Whether a text is Chinese or Japanese: such characters are at least a fourth of its letters."""
    count = len(characters_of(text))
    return count > 0 and 4 * count >= sum(map(str.isalpha, text))


def draw(places: Sequence[Span], rng: Rng, strength: float, among: int = 0) -> list[Span]:
    """A share of places, at least one, in their order.

    Args:
        among: how many there would be if the perturbation applied everywhere; the share is of those. Default: `places`.
    """
    if not places:
        return []
    count = min(len(places), max(1, round(strength * (among or len(places)))))
    return [places[number] for number in sorted(rng.choice(len(places), size=count, replace=False).tolist())]


def like(word: str, other: str) -> str:
    """`other` with the capitals of `word`: `Berlin`, `BERLIN` or `berlin`."""
    if len(word) > 1 and word.isupper():
        return other.upper()
    return other[:1].upper() + other[1:] if word[:1].isupper() else other
