"""The lists of stop words: in lower case, without what a phrase needs, in both languages."""

from __future__ import annotations

from bertkit.search.keywords.stop_words import AFTER, BEFORE, CHINESE, CONNECTORS, ENGLISH, WEAK


def test_words_are_as_texts_have_them() -> None:
    assert all(word == word.casefold() for word in ENGLISH | BEFORE | AFTER | WEAK)
    assert {"the", "and", "not", "can't"} <= ENGLISH
    assert {"的", "了", "我们"} <= CHINESE


def test_no_word_has_two_roles() -> None:
    assert not CONNECTORS & ENGLISH
    assert not BEFORE & AFTER
    assert not {"number", "bank", "cut", "new"} & ENGLISH
