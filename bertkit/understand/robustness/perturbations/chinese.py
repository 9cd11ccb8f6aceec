"""Chinese: characters that sound alike, the other script, and half-width punctuation."""

from __future__ import annotations

from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.chinese_tables import SAME_SOUND, SIMPLIFIED, TRADITIONAL
from bertkit.understand.robustness.perturbations.perturbation import Perturbation, Rng, characters_of, draw

HALF = str.maketrans("，。！？；：（）【】、“”‘’", ",.!?;:()[],\"\"''")


def homophone(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Some characters become others with the same sound, as people err who type by sound."""
    places = characters_of(text)
    able = [(at, at + 1) for at in places if text[at] in SAME_SOUND]
    edits = []
    for start, end in draw(able, rng, strength, len(places)):
        others = SAME_SOUND[text[start]]
        edits.append(Edit(start, end, others[rng.integers(len(others))]))
    return edits


def other_script(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Simplified characters become traditional ones; in a text with more traditional ones the reverse."""
    places = characters_of(text)
    simplified = [at for at in places if text[at] in TRADITIONAL]
    traditional = [at for at in places if text[at] in SIMPLIFIED]
    table, able = (TRADITIONAL, simplified) if len(simplified) >= len(traditional) else (SIMPLIFIED, traditional)
    return [Edit(at, at + 1, table[text[at]]) for at in able]


def half_width(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Chinese punctuation becomes that of ASCII."""
    return [Edit(at, at + 1, new) for at, mark in enumerate(text) if (new := mark.translate(HALF)) != mark]


CHINESE = (
    Perturbation("chinese_homophone", "chinese", "characters that sound alike", homophone, drawn=True),
    Perturbation("chinese_script", "chinese", "simplified characters become traditional, or the reverse", other_script),
    Perturbation("chinese_half_width", "chinese", "Chinese punctuation becomes that of ASCII", half_width),
)
