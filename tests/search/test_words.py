"""Words: in scripts with spaces and without, the same in documents and queries."""

from __future__ import annotations

import pytest

from bertkit.search.words import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Where is my Parcel?", ["where", "is", "my", "parcel"]),
        ("", []),
        (" \n,.;!", []),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("ＦＵＬＬ　width", ["full", "width"]),
        ("e-mail v2.0", ["e", "mail", "v2", "0"]),
        ("it's", ["it", "s"]),
        ("it’s", ["it", "s"]),
        ("हिन्दी में", ["हिन्दी", "में"]),  # marks belong to their letters
        ("한국어 문서", ["한국어", "문서"]),
        ("café", ["café"]),
        ("cafe\u0301", ["café"]),
        ("😀 ❤️", ["😀", "❤\ufe0f"]),
    ],
)
def test_words_between_spaces(text: str, found: list[str]) -> None:
    assert words(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("猫", ["猫"]),
        ("蜘蛛网", ["蜘", "蛛", "网", "蜘蛛", "蛛网"]),
        ("北京，上海", ["北", "京", "北京", "上", "海", "上海"]),
        ("用BERT做分类", ["用", "bert", "做", "分", "类", "做分", "分类"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー", "東京", "京タ", "タワ", "ワー"]),
        ("ｱｲ", ["ア", "イ", "アイ"]),
        ("第3章", ["第", "3", "章"]),
    ],
)
def test_characters_and_pairs_where_no_spaces_are(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_thai_is_cut_into_characters_with_pairs() -> None:
    found = words("สวัสดี")
    assert len(found) > 6
    assert all(len(word) <= 2 for word in found)


def test_half_a_character_is_no_crash() -> None:
    assert words("a\ud83d b") == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use `pip` and `npm` here, x^2", ["use", "pip", "and", "npm", "here", "x", "2"]),
        ("acme® ©2020 ✓done │cell│ 20°c", ["acme", "®", "©", "2020", "✓", "done", "│", "cell", "│", "20", "°", "c"]),
        ("ok👍 👍🏽 ❤️", ["ok", "👍", "👍🏽", "❤️"]),
        ("naïve cafe\u0301 größe", ["naïve", "café", "grösse"]),
    ],
)
def test_symbols_are_words_of_their_own(text: str, expected: list[str]) -> None:
    assert words(text) == expected
