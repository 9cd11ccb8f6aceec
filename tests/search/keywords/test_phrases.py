"""Which words in a row are a phrase."""

from __future__ import annotations

import pytest

from bertkit.search.keywords.phrases import begins, breaks, is_phrase
from bertkit.search.keywords.words import Word, chinese_cut, runs


def words(text: str) -> list[Word]:
    (run,) = runs(text, chinese_cut())
    return run


@pytest.mark.parametrize("text", ["night bus", "tracking number", "bank of england", "power cut", "seed", "family"])
def test_phrases(text: str) -> None:
    assert is_phrase(words(text))


@pytest.mark.parametrize("text", ["number", "new", "need flour", "shares voted", "bank of", "x"])
def test_what_is_none(text: str) -> None:
    assert not is_phrase(words(text))


def test_words_that_no_phrase_has() -> None:
    assert [breaks(word) for word in words("the slowly family bus")] == [True, True, False, False]
    assert [breaks(word) for word in words("的地铁")] == [True, False]


def test_words_that_begin_a_phrase() -> None:
    assert [begins(word) for word in words("of 42 b2b bus")] == [False, False, True, True]
