"""Phrases stand in the text, at every place that is named; what a phrase may be; long texts in bounded memory."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertkit.search.keywords import candidates as module
from bertkit.search.keywords.candidates import Candidates, candidates
from bertkit.search.keywords.words import chinese_cut

CUT = chinese_cut()


def phrases(text: str, longest: int = 3) -> list[str]:
    return [one.phrase for one in candidates(text, longest, CUT).found]


def places(found: Candidates) -> dict[str, list[tuple[int, int]]]:
    return {one.phrase: one.offsets for one in found.found}


def test_phrases_of_english() -> None:
    assert phrases("The Bank of England left its interest rate unchanged, slowly.") == [
        *("Bank", "Bank of England", "England", "interest", "interest rate", "rate")
    ]


@pytest.mark.parametrize(
    ("text", "is_there", "is_not"),
    [
        ("red wine, white bread", "red wine", "wine white"),
        ("flour and water", "flour", "flour water"),
        ("a cup (blue) saucer", "blue", "blue saucer"),
        ("first line\nsecond part", "line", "line second part"),
        ("the new timetable", "new timetable", "new"),
        ("the committee voted", "committee", "committee voted"),
        ("distilled water", "distilled water", "distilled"),
        ("the neighbour's pump", "neighbour", "neighbour's pump"),
        ("on Python 3 and 2024", "Python 3", "2024"),
        ("cats of the town", "cats", "cats of the town"),
        ("a two-year mortgage", "two-year mortgage", "year"),
        ("assembly lines stopped early", "assembly lines", "early"),
        ("nearly family matters", "family", "nearly family"),
        ("dams need flour", "dams", "need flour"),
        ("rivers slow", "rivers", "rivers slow"),
    ],
)
def test_what_a_phrase_may_be(text: str, is_there: str, is_not: str) -> None:
    found = phrases(text)
    assert is_there in found
    assert is_not not in found


def test_equal_phrases_are_one_with_all_places() -> None:
    text = "Ticket  prices rise. We like ticket prices! TICKET PRICES?"
    found = places(candidates(text, 2, CUT))
    assert found["Ticket  prices"] == [(0, 14), (29, 42), (44, 57)]
    assert [text[start:end].casefold().split() for start, end in found["Ticket  prices"]] == [["ticket", "prices"]] * 3


def test_the_longest_phrase() -> None:
    assert phrases("orange cat food bowl", 1) == ["orange", "cat", "food", "bowl"]
    assert "orange cat food bowl" in phrases("orange cat food bowl", 4)
    assert "orange cat food bowl" not in phrases("orange cat food bowl", 3)


def test_chinese_by_words() -> None:
    pytest.importorskip("rjieba")
    text = "央行决定下调存款准备金率，有助于降低中小企业的融资成本。存款准备金率已经很低。"
    found = places(candidates(text, 3, CUT))
    assert {"央行", "存款准备金率", "中小企业", "融资成本"} <= {*found}
    assert found["存款准备金率"] == [(6, 12), (28, 34)]
    assert not {"的", "已经", "中小企业的"} & {*found}


def test_chinese_by_characters() -> None:
    """Between stop characters its beginnings and ends; inside only what occurs again, and the longest of such."""
    text = "压力测试的数据库连接池满了。我们再次做压力测试，然后检查数据库连接池满没满"
    found = places(candidates(text, 3, None))
    assert found["压力测试"] == [(0, 4), (19, 23)]
    assert "力测" not in found  # always in 压力测试
    assert "库连接池" in found
    assert "据库连接" in found
    assert all(text[start:end] == phrase for phrase, spans in found.items() for start, end in spans)


def test_mixed_text_and_other_scripts() -> None:
    pytest.importorskip("rjieba")
    text = "地铁5号线用 Python 写代码 😀 हिन्दी भाषा e\u0301tude"
    found = places(candidates(text, 3, CUT))
    assert {"地铁5号线", "Python", "代码", "हिन्दी भाषा"} <= {*found}
    assert found["हिन्दी भाषा"] == [(20, 31)]
    assert any("e\u0301tude" in phrase for phrase in found)  # a mark stays with its letter
    assert "写代码 Python" not in found


@pytest.mark.parametrize("text", ["", " \n ", "😀😀", "the of and", "2024 - 3.5%", "...", "的了吗", "\ud800"])
def test_texts_without_a_phrase(text: str) -> None:
    assert candidates(text, 3, CUT) == Candidates([], 0)


LATIN = ["bank", "of", "the", "Rate", " ", "  ", "\n", ", ", "e\u0301", "3", "x-y", "don't", "_", "İ"]
PARTS = st.sampled_from([*LATIN, "😀", "数据库", "的", "测试", "𠮷"])


@given(parts=st.lists(PARTS, max_size=40), longest=st.integers(1, 4), divided=st.booleans())
def test_every_place_holds_the_phrase(parts: list[str], longest: int, divided: bool) -> None:
    text = "".join(parts)
    for one in candidates(text, longest, CUT if divided else None).found:
        assert text[slice(*one.offsets[0])] == one.phrase
        assert one.offsets == sorted(one.offsets)
        for start, end in one.offsets:
            assert text[start:end].casefold().split() == one.phrase.casefold().split()
            assert "\n" not in text[start:end]


def test_the_most_frequent_phrases_are_ranked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    found = candidates("apple, berry, cherry, lemon, lemon, melon", 1, CUT)
    assert [one.phrase for one in found.found] == ["apple", "berry", "lemon"]
    assert found.left_out == 2


def test_long_texts_are_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rare phrases are dropped on the way, the frequent ones still have all their places."""
    draw = random.Random(0)
    rare = ["".join(draw.choices("bcdfgh", k=6)) for _ in range(3000)]
    text = ", ".join(word for number, name in enumerate(rare) for word in (name, f"common{'xyz'[number % 3]}"))
    whole = candidates(text, 1, CUT)
    monkeypatch.setattr(module, "HELD", 500)
    bounded = candidates(text, 1, CUT)
    frequent = {name: spans for name, spans in places(whole).items() if name.startswith("common")}
    assert {len(spans) for spans in frequent.values()} == {1000}
    assert frequent.items() <= places(bounded).items()
    assert len(bounded.found) == module.MOST
    assert bounded.left_out >= whole.left_out


def test_dropped_phrases_are_not_looked_for_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Phrases that occurred twice are kept, and each further one would look at all of them."""
    monkeypatch.setattr(module, "HELD", 50)
    drops: list[int] = []
    plain = module._Phrases._drop
    monkeypatch.setattr(module._Phrases, "_drop", lambda self: (drops.append(len(self.held)), plain(self))[1])
    phrases = module._Phrases("")
    for number in range(3000):
        for _ in range(2):
            phrases.text = f"phrase{number}"
            phrases.add((phrases.text,), (0, len(phrases.text)), number)
    assert len(drops) < 20
