"""Contractions made and undone."""

from __future__ import annotations

import pytest

from bertkit.understand.robustness.perturbations.contractions import CONTRACTIONS
from tests.understand.robustness.perturbations.helpers import perturbed

PAIRS = [
    ("I do not know, it is late", "I don't know, it's late"),
    ("DO NOT go", "DON'T go"),
    ("We are not here", "We aren't here"),
    ("They will not come and we cannot wait", "They won't come and we can't wait"),
    ("Let us see what is new", "Let's see what's new"),
]


@pytest.mark.parametrize(("long", "short"), PAIRS)
def test_both_directions(long: str, short: str) -> None:
    assert perturbed("expanded", short) == long
    assert perturbed("contracted", long) == short


def test_what_is_no_contraction_stays() -> None:
    for text in ("Anna's cat", "it's been late", "I know what it's", "the boys' room"):
        assert perturbed("expanded", text) == text
    for text in ("I know what it is", "who is?", "it is done"):
        assert perturbed("contracted", text) == text


def test_a_curly_apostrophe() -> None:
    assert perturbed("expanded", "I don’t") == "I do not"


def test_each_short_form_has_one_long_form() -> None:
    assert len(set(CONTRACTIONS.values())) == len(CONTRACTIONS)


@pytest.mark.parametrize("text", ["ı am going", "he muſt not go"])
def test_letters_that_only_a_pattern_takes_for_i_and_s_stay(text: str) -> None:
    assert perturbed("contracted", text) == text
    assert perturbed("expanded", "ı'm here") == "ı'm here"
