"""Raw text to words, and entities between characters and words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertkit.data.columns.schemes import Span
from bertkit.tasks.words import CJK, Overlaps, is_unseen, join, joined, scripts_without_spaces, split, to_words


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("نیم\u200cروز", ["نیم\u200cروز"]),
        ("Ber\u00adlin Ka\u200bren", ["Ber\u00adlin", "Ka\u200bren"]),
        ("a\u200b\u200db\x07c", ["a\u200b\u200db\x07c"]),
        ("क्\u200cष", ["क्\u200cष"]),
        ("\ufeffAnna, \u200eLi\u200f. \u202bعلی\u202c\u00ad", ["Anna", ",", "Li", ".", "علی"]),
        ("\u200b \u200b\u2060", []),
        ("北\u200b京", ["北", "京"]),
        ("അവന്\u200d വന്നു", ["അവന്\u200d", "വന്നു"]),  # the joiner is a part of the last letter
    ],
)
def test_an_invisible_character_is_in_the_word_around_it_or_in_none(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ไปน้ำตก 2565", ["ไ", "ป", "น้ำ", "ต", "ก", "2565"]),
        ("ก\u200b\u0e31น", ["ก\u200b\u0e31", "น"]),
        ("ວຽງຈັນ ກຳ", ["ວ", "ຽ", "ງ", "ຈັ", "ນ", "ກຳ"]),
        ("ភ្នំពេញ", ["ភ្នំ", "ពេ", "ញ"]),
        ("ဗုဒ္ဓ ၂၅", ["ဗု", "ဒ္ဓ", "၂၅"]),
        ("iPhoneของ", ["iPhone", "ข", "อ", "ง"]),
        ("か\u3099く 葛\U000e0100", ["か\u3099", "く", "葛\U000e0100"]),
        ("❤\ufe0f 👩\u200d👧 🏴\U000e0067\U000e007f!", ["❤\ufe0f", "👩\u200d", "👧", "🏴\U000e0067\U000e007f", "!"]),
        ("张\ue863。\ufffdller M\ufffdller", ["张\ue863", "。", "\ufffdller", "M\ufffdller"]),
    ],
)
def test_letters_of_scripts_without_spaces_are_words_and_marks_are_not(text: str, expected: list[str]) -> None:
    assert words(text) == expected


OLD = re.compile(rf"(?:(?![{CJK}_])[\w\u0300-\u036f\u093a-\u094f])+|\S")
"""A word before invisible characters and South East Asian scripts were told apart."""


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=0x9FFF, exclude_categories=["C", "M"])))
def test_other_texts_have_the_words_that_they_had(text: str) -> None:
    if not scripts_without_spaces(text) and not any(c in text for c in "\u0e33\u0eb3"):
        assert split(text) == [match.span() for match in OLD.finditer(text)]


@settings(deadline=None)
@given(st.text())
def test_words_are_all_that_is_seen(text: str) -> None:
    places = split(text)
    assert all(a < b for a, b in places)
    assert not any(character.isspace() for word in words(text) for character in word)
    gaps = zip([0, *(end for _, end in places)], [*(start for start, _ in places), len(text)], strict=True)
    rest = "".join("".join(text[end:start] for end, start in gaps).split())
    assert not rest or is_unseen(rest)
    assert len(rest) + sum(map(len, words(text))) == len("".join(text.split()))


def test_scripts_by_name() -> None:
    assert scripts_without_spaces("a ไป ວຽງ မြ") == {"Thai", "Lao", "Myanmar"}
    assert scripts_without_spaces("Anna 北京 서울 मुंबई") == set()


@pytest.mark.parametrize(
    ("word", "unseen"),
    [("\u200b", True), ("\x07\ufeff", True), ("\ufffd", True), ("\ue000", True), ("a\u200b", False), ("\u0301", False)],
)
def test_what_is_not_seen(word: str, unseen: bool) -> None:
    assert is_unseen(word) is unseen


def fitted(text: str, *spans: tuple[int, int, str], overlaps: Overlaps = "longest") -> tuple[list[Span], list[Any]]:
    """The entities by words, and how each of the others was changed."""
    found = to_words([{"start": a, "end": b, "label": label} for a, b, label in spans], split(text), overlaps)
    return found.spans, [(change.reason, change.span["label"]) for change in found.changes]


def test_entities_become_words() -> None:
    found = fitted("Anna Li saw New York.", (0, 7, "PER"), (12, 20, "LOC"))
    assert found == ([Span(0, 2, "PER"), Span(3, 5, "LOC")], [])


def test_an_entity_that_cuts_a_word_takes_all_of_it() -> None:
    assert fitted("Anna Lindqvist", (1, 6, "X")) == ([Span(0, 2, "X")], [("widened", "X")])


def test_invisible_edges_of_an_entity_change_nothing() -> None:
    text = "\u200fAnna\u200e ran"
    assert fitted(text, (0, 6, "X")) == fitted(text, (1, 5, "X")) == ([Span(0, 1, "X")], [])


def test_of_entities_that_share_a_word_one_stays() -> None:
    spans = ((0, 4, "LOC"), (0, 9, "ORG"), (4, 5, "X"))
    assert fitted("York Bank", *spans) == ([Span(0, 2, "ORG")], [("empty", "X"), ("overlapping", "LOC")])
    crossing = ("a b c d", (0, 3, "X"), (2, 7, "Y"))
    assert fitted(*crossing) == ([Span(1, 4, "Y")], [("overlapping", "X")])
    assert fitted(*crossing, overlaps="first") == ([Span(0, 2, "X")], [("overlapping", "Y")])


def test_the_same_characters_twice() -> None:
    assert fitted("a b", (0, 1, "X"), (0, 1, "X")) == ([Span(0, 1, "X")], [("twice", "X")])
    assert fitted("a b", (0, 1, "Y"), (0, 1, "X")) == ([Span(0, 1, "Y")], [("relabelled", "X")])


def test_join() -> None:
    assert join(["New", "York"]) == "New York"
    assert join(["北", "京", "2009", "年"]) == "北京 2009 年"
    assert join(["น้ำ", "ตก", "か\u3099", "く", "x"]) == "น้ำตกか\u3099く x"
    assert join([]) == ""


def test_joined_words_have_their_places() -> None:
    for words in (["New", "York"], ["北", "京", "2009", "年"], ["น้ำ", "ตก", "x"], ["one"], []):
        text, places = joined(words)
        assert text == join(words)
        assert [text[start:end] for start, end in places] == words
