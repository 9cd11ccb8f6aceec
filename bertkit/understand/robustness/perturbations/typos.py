"""Typing errors: a neighbouring key, two letters swapped, and misspellings that people really make."""

from __future__ import annotations

import functools

from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.misspellings import MISSPELLINGS
from bertkit.understand.robustness.perturbations.perturbation import Perturbation, Rng, draw, like, words_of

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
LEAST = 4
"""Letters of a word with a typing error: shorter ones become other words."""


@functools.cache
def neighbours() -> dict[str, str]:
    """The letters around each one on a QWERTY keyboard; each row is half a key to the right of the one above it."""
    near: dict[str, set[str]] = {letter: set() for row in _ROWS for letter in row}
    for number, row in enumerate(_ROWS):
        for place, letter in enumerate(row):
            below = _ROWS[number + 1 : number + 2]
            beside = [
                *row[place + 1 : place + 2],
                *(key for keys in below for key in keys[max(0, place - 1) : place + 1]),
            ]
            for key in beside:
                near[letter].add(key)
                near[key].add(letter)
    return {letter: "".join(sorted(keys)) for letter, keys in near.items()}


def keyboard(text: str, rng: Rng, strength: float) -> list[Edit]:
    """One letter of a word, not the first, becomes a neighbour on the keyboard."""
    edits, words = [], words_of(text)
    able = [word for word in words if word[1] - word[0] >= LEAST]
    for start, end in draw(able, rng, strength, len(words)):
        places = [at for at in range(start + 1, end) if text[at].lower() in neighbours()]
        if places:
            at = places[rng.integers(len(places))]
            keys = neighbours()[text[at].lower()]
            edits.append(Edit(at, at + 1, like(text[at], keys[rng.integers(len(keys))])))
    return edits


def swap(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Two neighbouring letters of a word, not the first, change places."""
    edits, words = [], words_of(text)
    able = [word for word in words if word[1] - word[0] >= LEAST]
    for start, end in draw(able, rng, strength, len(words)):
        places = [at for at in range(start + 1, end - 1) if text[at] != text[at + 1]]
        if places:
            at = places[rng.integers(len(places))]
            edits.append(Edit(at, at + 2, text[at + 1] + text[at]))
    return edits


def misspell(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Words that people often misspell are misspelt."""
    words = words_of(text)
    known = [word for word in words if text[slice(*word)].lower() in MISSPELLINGS]
    edits = []
    for start, end in draw(known, rng, strength, len(words)):
        wrong = MISSPELLINGS[text[start:end].lower()]
        edits.append(Edit(start, end, like(text[start:end], wrong[rng.integers(len(wrong))])))
    return edits


TYPOS = (
    Perturbation(
        "typo_keyboard", "typos", "a letter of a word becomes a neighbour on the keyboard", keyboard, drawn=True
    ),
    Perturbation("typo_swap", "typos", "two letters of a word change places", swap, drawn=True),
    Perturbation("typo_misspelling", "typos", "common misspellings, from a list", misspell, drawn=True),
)
