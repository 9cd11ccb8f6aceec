"""The tables of characters (checked once against pypinyin 0.55 and OpenCC 1.4, which are not needed here)."""

from __future__ import annotations

from bertkit.understand.robustness.perturbations.chinese_tables import SAME_SOUND, SIMPLIFIED, TRADITIONAL


def test_sounds_are_mutual() -> None:
    assert len(SAME_SOUND) > 500
    for character, others in SAME_SOUND.items():
        assert others
        assert character not in others
        assert all(character in SAME_SOUND[other] for other in others)


def test_no_negation_comes_or_goes() -> None:
    assert not set("不无没未非别") & set(SAME_SOUND)


def test_scripts_are_one_to_one() -> None:
    assert len(TRADITIONAL) == len(SIMPLIFIED) > 500
    assert not set(TRADITIONAL) & set(SIMPLIFIED)
    assert all(SIMPLIFIED[other] == character for character, other in TRADITIONAL.items())


def test_characters_with_several_forms_are_left_out() -> None:
    assert not set("后发干里面系只准尽历") & set(TRADITIONAL)
