"""Values of a file of predictions: what is one, and what is refused."""

from __future__ import annotations

import pytest

from bertkit.data.read.rows import Unusable
from bertkit.tasks import parsing


def test_numbers() -> None:
    assert parsing.number("2.5") == 2.5
    for value in ("high", None, "nan", float("inf")):
        with pytest.raises(Unusable, match="not a number"):
            parsing.number(value)


def test_choices() -> None:
    assert parsing.choice(" 2 ", 3) == 2
    for value in ("3", "-1", "two", None, "\u00b2", "7" * 5000):
        with pytest.raises(Unusable, match="choice"):
            parsing.choice(value, 3)


@pytest.mark.parametrize("value", [["B-PER", "O"], '["B-PER", "O"]', "B-PER O"])
def test_tags_in_every_form(value: object) -> None:
    assert parsing.tags(value, 2) == ["B-PER", "O"]


@pytest.mark.parametrize(("value", "reason"), [(["O"], "1"), ([1, 2], "tags"), ("B-PER X", "X")])
def test_what_is_no_list_of_tags(value: object, reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        parsing.tags(value, 2)


def test_brackets_without_end_are_no_tags() -> None:
    with pytest.raises(Unusable):
        parsing.tags("[" * 100_000, 2)
