"""Characters that look alike, wide ones, and those that are not seen."""

from __future__ import annotations

import unicodedata

from bertkit.understand.robustness.perturbations.characters import LOOKALIKES
from tests.understand.robustness.perturbations.helpers import perturbed


def test_lookalikes_are_of_another_script() -> None:
    for letter, other in LOOKALIKES.items():
        assert "LATIN" in unicodedata.name(letter)
        assert unicodedata.name(other).startswith(("CYRILLIC", "GREEK"))
        assert letter.isupper() == other.isupper()
    new = perturbed("lookalike", "Paris, why?")
    assert new != "Paris, why?"
    assert not new.replace("r", "").replace("w", "").replace("h", "").replace(", ", "").replace("?", "").isascii()
    assert unicodedata.normalize("NFKC", new) == new


def test_full_width_is_undone_by_nfkc() -> None:
    text = "Where is it in 北京?"
    new = perturbed("full_width", text)
    assert new == "Ｗｈｅｒｅ ｉｓ ｉｔ ｉｎ 北京?"
    assert unicodedata.normalize("NFKC", new) == text


def test_invisible_characters_stand_inside_words() -> None:
    new = perturbed("invisible", "is it a parcel")
    assert new.replace("\u200b", "") == "is it a parcel"
    assert [word.count("\u200b") for word in new.split()] == [1, 1, 0, 1]
    assert all(not word.endswith("\u200b") and not word.startswith("\u200b") for word in new.split())
