"""Cases are found in the words."""

from __future__ import annotations

from bertkit.files.vocabulary import is_cased


def test_words_with_capitals() -> None:
    assert is_cased(["the", "The", "Berlin", "##Ing", "der"])
    assert is_cased(["да", "Нет"])
    assert not is_cased(["the", "berlin", "我", "ß", "Ω", "A", "I"])
    assert not is_cased([])


def test_some_names_do_not_make_a_vocabulary_cased() -> None:
    words = [a + b for a in "abcdefghij" for b in "abcdefghijklmnopqrstuvwxyz"]
    assert not is_cased([*words, "iPhone"])
    assert is_cased([*words, "iPhone", "Berlin", "Paris"])


def test_letters_that_stand_for_bytes_do_not_count() -> None:
    assert not is_cased(["ÄĠ", "Ãł", "the"])
