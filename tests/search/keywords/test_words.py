"""Words of a text, with their places, and where phrases end."""

from __future__ import annotations

import pytest

from bertkit.search.keywords.words import HAN_RUN, chinese_cut, has_chinese, runs


def found(text: str, *, divided: bool = True) -> list[list[str]]:
    cut = chinese_cut() if divided else None
    whole = [list(run) for run in runs(text, cut)]
    for run in whole:
        for word in run:
            assert text[word.start : word.end].casefold().replace("’", "'") == word.key
    return [[word.key for word in run] for run in whole]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Night bus, new timetable", [["night", "bus"], ["new", "timetable"]]),
        ("a\nb", [["a"], ["b"]]),
        ("the bank's 3.5 rate", [["the", "bank"], ["s", "3.5", "rate"]]),
        ("state-of-the-art", [["state-of-the-art"]]),
        ("हिन्दी शब्द", [["हिन्दी", "शब्द"]]),
        ("...!", []),
        ("", []),
    ],
)
def test_runs_of_words(text: str, expected: list[list[str]]) -> None:
    assert found(text) == expected


def test_chinese_is_divided_by_words() -> None:
    assert found("上海地铁今天停运") == [["上海", "地铁", "今天", "停运"]]
    assert found("地铁，停运") == [["地铁"], ["停运"]]
    assert found("用BERT模型") == [["用", "bert", "模型"]]


def test_without_words_chinese_is_one_run() -> None:
    assert found("上海地铁", divided=False) == [["上海地铁"]]
    (run,) = runs("上海地铁", None)
    assert run[0].tag == HAN_RUN


def test_what_has_chinese() -> None:
    assert has_chinese("a 网")
    assert not has_chinese("a カナ")
