"""Names and numbers."""

from __future__ import annotations

import itertools

import pytest

from bertkit.understand.robustness.perturbations.swaps import MOST, NAMES
from bertkit.understand.robustness.perturbations.table import named
from tests.understand.robustness.perturbations.helpers import perturbed


def group_of(name: str) -> int:
    return next(number for number, group in enumerate(NAMES) if name in group)


def test_a_name_stands_in_one_group() -> None:
    every = list(itertools.chain(*NAMES))
    assert len(set(every)) == len(every)


def test_names_become_others_of_their_kind_alike_everywhere() -> None:
    for seed in range(30):
        anna, berlin, again = perturbed("names_changed", "Anna, Berlin, Anna", seed).split(", ")
        assert anna == again != "Anna"
        assert berlin != "Berlin"
        assert group_of(anna) == group_of("Anna")
        assert group_of(berlin) == group_of("Berlin")


def test_capitals_and_words_around() -> None:
    lower, upper, inside, name = perturbed("names_changed", "berlin, BERLIN, Berliner, anna").split(", ")
    assert (lower.islower(), upper.isupper(), inside, name.islower()) == (True, True, "Berliner", True)
    new = perturbed("names_changed", "他在北京。")[2:-1]
    assert group_of(new) == group_of("北京")
    assert new != "北京"


def test_numbers_keep_their_order() -> None:
    for seed in range(20):
        words = perturbed("numbers_changed", "25 and 3 in 4019, 25 again", seed).replace(",", "").split()
        a, b, year, again = (int(words[place]) for place in (0, 2, 4, 5))
        assert a == again
        assert a - 25 == b - 3 == year - 4019
        assert 1 <= a - 25 <= MOST


@pytest.mark.parametrize(
    "text",
    [
        "3.50",
        "$4",
        "25/5/2019",
        "10:30",
        "a1b",
        "#4482",
        "007",
        "1,000",
        "12345678901",
        "COVID-19",
        "no number",
        "12月31日",
        "25 May 2019",
        "May 25, 2019",
        "31/12/2019",
        "31. 12. 2019",
        "1990s",
        "in 2019",
        "10点30分",
    ],
)
def test_parts_of_other_things_stay(text: str) -> None:
    assert perturbed("numbers_changed", text) == text


def test_a_number_between_chinese_characters() -> None:
    assert perturbed("numbers_changed", "有87人") != "有87人"
    assert perturbed("numbers_changed", "在1987年") == "在1987年"


def test_other_numbers_are_no_invariance() -> None:
    """`twice 7 is fourteen` is wrong with another number."""
    assert [one.keeps_answer for one in named(["swaps"])] == [True, False]


@pytest.mark.parametrize("text", ["flights to İstanbul", "BERLİN", "parıs"])
def test_letters_that_only_a_pattern_takes_for_i_stay(text: str) -> None:
    assert perturbed("names_changed", text) == text
