"""All perturbations."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bertkit.errors import RecipeError
from bertkit.understand.robustness.edits import Edited
from bertkit.understand.robustness.perturbations.perturbation import Perturbation
from bertkit.understand.robustness.perturbations.table import PERTURBATIONS, named
from tests.understand.robustness.material import TEXTS


def test_names() -> None:
    names = [one.name for one in PERTURBATIONS]
    assert len(set(names)) == len(names) == 25
    assert all(re.fullmatch("[a-z_]+", name) for name in names)
    assert not {one.family for one in PERTURBATIONS} & set(names)


def test_named() -> None:
    assert named([]) == list(PERTURBATIONS)
    assert [one.name for one in named(["upper_case", "typos"])] == [
        "typo_keyboard", "typo_swap", "typo_misspelling", "upper_case",
    ]  # fmt: skip
    with pytest.raises(RecipeError, match=r"typo_swop: no such perturbation; did you mean typo_swap\? \(--list"):
        named(["typo_swop"])


def test_some_are_left_out() -> None:
    assert [one.name for one in named(["typos"], ["typo_swap", "case"])] == ["typo_keyboard", "typo_misspelling"]
    assert len(named([], ["swaps"])) == 23
    with pytest.raises(RecipeError, match="--skip  typo_swop: no such perturbation"):
        named([], ["typo_swop"])
    with pytest.raises(RecipeError, match="leaves no perturbation"):
        named(["typos"], ["typos"])


@pytest.mark.parametrize("one", PERTURBATIONS, ids=lambda one: one.name)
def test_each_is_a_pure_function_of_text_and_generator(one: Perturbation) -> None:
    applied = 0
    for text in TEXTS:
        first, again = (one.edit(text, np.random.default_rng(3), 0.5) for _ in range(2))
        assert first == again
        applied += Edited(text, first).text != text
        assert all(0 <= edit.start <= edit.end <= len(text) for edit in first)
    assert applied
    assert one.edit("", np.random.default_rng(0), 0.5) == []
