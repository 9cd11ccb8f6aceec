"""The list of misspellings."""

from __future__ import annotations

from bertkit.understand.robustness.perturbations.misspellings import MISSPELLINGS


def test_each_is_another_word_in_lower_case() -> None:
    assert len(MISSPELLINGS) > 200
    for word, wrong in MISSPELLINGS.items():
        assert wrong
        for one in wrong:
            assert one.isalpha()
            assert one == one.lower() != word


def test_no_misspelling_is_a_word_of_the_list() -> None:
    assert not {one for wrong in MISSPELLINGS.values() for one in wrong} & set(MISSPELLINGS)
