"""Characters that look alike or are not seen (Boucher et al. 2022, "Bad Characters").

Some tokenizers undo them: NFKC makes full-width letters plain ones, and BERT's own normaliser removes what is not
seen. How many rows have the same tokens as before is reported with every perturbation.
"""

from __future__ import annotations

from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.perturbation import Perturbation, Rng, draw, words_of

LOOKALIKES = dict(
    zip(
        "aceijopsxyABCEHIJKMOPSTXZ",
        "асеіјорѕхуАВСЕНІЈКМОРЅТХΖ",  # Cyrillic, and a Greek Z
        strict=True,
    )
)
"""Latin letter -> one of another script that looks the same (Unicode Technical Standard 39)."""
WIDE = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}
"""ASCII -> its full-width form."""
UNSEEN = "\u200b"
"""Zero-width space."""


def lookalike(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Letters of some words come from another script, and look the same."""
    words = words_of(text)
    able = [word for word in words if any(letter in LOOKALIKES for letter in text[slice(*word)])]
    return _replaced(text, draw(able, rng, strength, len(words)), LOOKALIKES)


def full_width(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Letters of some words are as wide as Chinese characters."""
    words = words_of(text)
    able = [word for word in words if text[slice(*word)].isascii()]
    return _replaced(text, draw(able, rng, strength, len(words)), WIDE)


def invisible(text: str, rng: Rng, strength: float) -> list[Edit]:
    """A character that is not seen, inside some words."""
    words = words_of(text)
    able = [word for word in words if word[1] - word[0] > 1]
    edits = []
    for start, end in draw(able, rng, strength, len(words)):
        at = int(rng.integers(start, end - 1))
        edits.append(Edit(at, at + 1, text[at] + UNSEEN))
    return edits


def _replaced(text: str, words: list[tuple[int, int]], table: dict[str, str]) -> list[Edit]:
    places = [at for start, end in words for at in range(start, end) if text[at] in table]
    return [Edit(at, at + 1, table[text[at]]) for at in places]


CHARACTERS = (
    Perturbation("lookalike", "characters", "letters of another script that look the same", lookalike, drawn=True),
    Perturbation("full_width", "characters", "full-width letters, as Chinese keyboards write", full_width, drawn=True),
    Perturbation("invisible", "characters", "a zero-width space inside a word", invisible, drawn=True),
)
