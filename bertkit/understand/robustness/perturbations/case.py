"""Upper case, lower case and title case, as in headlines, chats and forms."""

from __future__ import annotations

import re
from collections.abc import Callable

from bertkit.tasks.words import split
from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.perturbation import EditsOf, Perturbation, Rng

_INITIAL = re.compile(r"(?<!\w)(?<!\w['’])[^\W\d_]")
"""The first letter of a word; the t of don't is none."""


def _each_word(change: Callable[[str], str]) -> EditsOf:
    def edit(text: str, rng: Rng, strength: float) -> list[Edit]:
        return [Edit(start, end, change(text[start:end])) for start, end in split(text)]

    return edit


def title(text: str, rng: Rng, strength: float) -> list[Edit]:
    """A capital at the beginning of each word; other letters stay."""
    return [Edit(*match.span(), match[0].upper()) for match in _INITIAL.finditer(text)]


CASE = (
    Perturbation("upper_case", "case", "all letters are capitals", _each_word(str.upper)),
    Perturbation("lower_case", "case", "no letter is a capital", _each_word(str.lower)),
    Perturbation("title_case", "case", "each word begins with a capital", title),
)
