"""Raw text to words, and entities between characters and words."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertkit.data.columns.schemes import Span
from bertkit.tasks.words import join, split, to_words


def words(text: str) -> list[str]:
    return [text[start:end] for start, end in split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Li's 3rd x-ray", ["Dr", ".", "Li", "'", "s", "3rd", "x", "-", "ray"]),
        ("我在北京2009年", ["我", "在", "北", "京", "2009", "年"]),
        ("カタ 한국어", ["カ", "タ", "한국어"]),
        ("नमस्ते e\u0301t\u00e9", ["नमस्ते", "e\u0301t\u00e9"]),
        ("a_b\u00a0c\n😀", ["a", "_", "b", "c", "😀"]),
        ("", []),
        (" \t", []),
    ],
)
def test_what_a_word_is(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@settings(deadline=None)
@given(st.text())
def test_words_are_all_but_the_white_space(text: str) -> None:
    places = split(text)
    assert all(a < b for a, b in places)
    assert all(before[1] <= here[0] for before, here in itertools.pairwise(places))
    assert "".join(words(text)) == "".join(text.split())


def test_entities_become_words() -> None:
    text = "Anna Li saw New York."
    spans = [{"start": 0, "end": 7, "label": "PER"}, {"start": 12, "end": 20, "label": "LOC"}]
    assert to_words(spans, split(text)) == ([Span(0, 2, "PER"), Span(3, 5, "LOC")], 0, 0)


def test_an_entity_that_cuts_a_word_takes_all_of_it() -> None:
    assert to_words([{"start": 1, "end": 6, "label": "X"}], split("Anna Lindqvist")) == ([Span(0, 2, "X")], 1, 0)


def test_of_entities_that_share_a_word_the_longest_stays() -> None:
    spans = [{"start": 0, "end": 4, "label": "LOC"}, {"start": 0, "end": 9, "label": "ORG"}]
    assert to_words([*spans, {"start": 4, "end": 5, "label": "X"}], split("York Bank")) == ([Span(0, 2, "ORG")], 0, 2)


def test_join() -> None:
    assert join(["New", "York"]) == "New York"
    assert join(["北", "京", "2009", "年"]) == "北京 2009 年"
    assert join([]) == ""
