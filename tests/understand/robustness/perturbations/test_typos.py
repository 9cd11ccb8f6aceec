"""Typing errors."""

from __future__ import annotations

from bertkit.understand.robustness.perturbations.typos import neighbours
from tests.understand.robustness.perturbations.helpers import perturbed

TEXT = "Where is the Restaurant, please?"


def test_a_keyboard() -> None:
    assert neighbours()["g"] == "bfhtvy"
    assert neighbours()["q"] == "aw"
    assert neighbours()["p"] == "lo"
    assert all(letter in neighbours()[key] for letter, keys in neighbours().items() for key in keys)


def test_one_neighbouring_key_in_each_long_word() -> None:
    for seed in range(20):
        words = list(zip(TEXT.split(), perturbed("typo_keyboard", TEXT, seed).split(), strict=True))
        for old, new in words:
            differing = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
            assert len(differing) == (len(old.strip(",?")) >= 4)
            assert old[0] == new[0]
            for a, b in differing:
                assert b in neighbours()[a.lower()]
        assert words[1] == ("is", "is")


def test_two_letters_change_places() -> None:
    for seed in range(20):
        for old, new in zip(TEXT.split(), perturbed("typo_swap", TEXT, seed).split(), strict=True):
            places = [n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
            assert sorted(old) == sorted(new)
            assert len(places) == (2 if len(old.strip(",?")) >= 4 else 0)
            assert not places or places[1] == places[0] + 1


def test_a_word_of_one_letter_has_nothing_to_swap() -> None:
    assert perturbed("typo_swap", "aaaa bbb") == "aaaa bbb"


def test_misspellings_keep_capitals() -> None:
    assert perturbed("typo_misspelling", "Their UNTIL its end") == "Thier UNTILL its end"
    assert perturbed("typo_misspelling", "nothing is") == "nothin is"


def test_strength_is_a_share_of_all_words() -> None:
    text = "parcel " * 20
    changed = [a != b for a, b in zip(text.split(), perturbed("typo_swap", text, strength=0.25).split(), strict=True)]
    assert sum(changed) == 5
