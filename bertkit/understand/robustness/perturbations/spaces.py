"""White space: doubled, put inside a word, or left out between two."""

from __future__ import annotations

import itertools
import re

from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.perturbation import Perturbation, Rng, characters_of, draw, words_of

LEAST = 4
"""Letters of a word that is divided."""
_GAP = re.compile(r"(?<=\w) (?=\w)")


def double(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Some spaces become two; in Chinese some characters get one between them."""
    gaps = [match.span() for match in _GAP.finditer(text)]
    edits = [Edit(start, end, "  ") for start, end in draw(gaps, rng, strength)]
    places = characters_of(text)
    pairs = [(b, b) for a, b in itertools.pairwise(places) if b == a + 1]
    return [*edits, *(Edit(start, end, " ") for start, end in draw(pairs, rng, strength))]


def insert(text: str, rng: Rng, strength: float) -> list[Edit]:
    """A space inside a word."""
    edits, words = [], words_of(text)
    able = [word for word in words if word[1] - word[0] >= LEAST]
    for start, end in draw(able, rng, strength, len(words)):
        at = int(rng.integers(start + 2, end - 1))
        edits.append(Edit(at - 1, at, f"{text[at - 1]} "))
    return edits


def remove(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Two words become one."""
    gaps = [match.span() for match in _GAP.finditer(text)]
    return [Edit(start, end, "") for start, end in draw(gaps, rng, strength)]


SPACES = (
    Perturbation("space_doubled", "spaces", "double spaces; in Chinese spaces between characters", double, drawn=True),
    Perturbation("space_inserted", "spaces", "a space inside a word", insert, drawn=True),
    Perturbation("space_removed", "spaces", "two words written as one", remove, gold="apart", drawn=True),
)
