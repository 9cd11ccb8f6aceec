"""What perturbations share: words, Chinese characters, what is drawn, and capitals."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.understand.robustness.perturbations.perturbation import characters_of, draw, is_cjk, like, words_of


def test_words_have_letters_alone() -> None:
    text = "An e-mail to a1b, 北京 and naïve!"
    assert [text[slice(*span)] for span in words_of(text)] == ["An", "e", "mail", "to", "and", "naïve"]
    assert [text[slice(*span)] for span in words_of(text, 3)] == ["mail", "and", "naïve"]


def test_chinese_characters() -> None:
    assert characters_of("a北 京b") == [1, 3]
    assert is_cjk("我在Berlin")
    assert not is_cjk("The Chinese name of Beijing is 北京")
    assert not is_cjk("123")


def test_draws() -> None:
    places = [(n, n + 1) for n in range(10)]
    rng = np.random.default_rng
    assert draw([], rng(0), 1.0) == []
    assert draw(places, rng(0), 1.0) == places
    assert len(draw(places, rng(0), 0.3)) == 3
    assert len(draw(places, rng(0), 0.001)) == 1
    assert len(draw(places, rng(0), 0.1, among=40)) == 4
    assert draw(places, rng(1), 0.5) == sorted(draw(places, rng(1), 0.5)) != draw(places, rng(2), 0.5)


@pytest.mark.parametrize(
    ("word", "new"), [("berlin", "rome"), ("Berlin", "Rome"), ("BERLIN", "ROME"), ("A", "Rome"), ("bErlin", "rome")]
)
def test_capitals_of_another_word(word: str, new: str) -> None:
    assert like(word, "rome") == new
