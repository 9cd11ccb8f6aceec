"""A negation added or removed."""

from __future__ import annotations

import pytest

from bertkit.understand.robustness.perturbations.table import named
from tests.understand.robustness.perturbations.helpers import perturbed


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("The film is good.", "The film is not good."),
        ("The film is not good.", "The film is good."),
        ("It isn't late and it isn't here", "It is late and it isn't here"),
        ("I can't pay", "I can pay"),
        ("We won’t come", "We will come"),
        ("I don't like it", "I like it"),
        ("I want my money", "I do not want my money"),
        ("Is it late?", "Is it not late?"),
        ("where is my parcel now", "where is my parcel not now"),
        ("it is the best", "it is not the best"),
        ("the love of it", "the love of it"),
        ("他是老师", "他不是老师"),
        ("他不是老师", "他是老师"),
        ("但是他有钱", "但是他没有钱"),
        ("我不会来", "我会来"),
        ("hello", "hello"),
    ],
)
def test_negations(text: str, new: str) -> None:
    assert perturbed("negated", text) == new


def test_it_is_no_invariance() -> None:
    (one,) = named(["negated"])
    assert not one.keeps_answer
    assert one.columns == "first"


def test_a_word_beside_is_inserted() -> None:
    (one,) = named(["negated"])
    (edit,) = one.edit("it is late", None, 1.0)  # type: ignore[arg-type]
    assert edit == (5, 5, " not", None)
