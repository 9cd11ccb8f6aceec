"""Hostile texts, as a terminal, Markdown and messages show them. CommonMark is parsed here by its own rules."""

from __future__ import annotations

import re

import pytest

from bertkit.display import (
    MOST,
    code,
    cut,
    figure,
    interval,
    line,
    markdown,
    p_value,
    shorten,
    visible,
    width,
    with_interval,
)
from bertkit.errors import Problem


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 中文, é, \u200d and \u00a0", "plain, 中文, é, \u200d and \u00a0"),
        ("\x1b[31mred\x1b[0m\x07", r"\x1b[31mred\x1b[0m\x07"),
        ("a\nerror: b\r\tc", r"a\nerror: b\r\tc"),
        ("access \u202egnp.exe\u2069", r"access \u202egnp.exe\u2069"),
        ("\x9b2J", r"\x9b2J"),
        ("half \ud83d", r"half \ud83d"),
        ("a\u200bb\ufeff\u2028\x00", r"a\u200bb\ufeff\u2028\x00"),
    ],
)
def test_what_hides_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == line(text) == shown


@pytest.mark.parametrize(
    ("text", "columns", "at_six"),
    [("", 0, ""), ("abcdef", 6, "abcdef"), ("abcdefg", 7, "abcde…"), ("短文本", 6, "短文本"),
     ("短文本分类", 10, "短文…"),
     ("ａb短c", 6, "ａb短c"), ("e\u0301" * 6, 6, "e\u0301" * 6), ("a短文本", 7, "a短文…")],
)  # fmt: skip
def test_wide_characters_take_two_columns(text: str, columns: int, at_six: str) -> None:
    assert (width(text), cut(text, 6)) == (columns, at_six)


def test_a_text_of_several_lines_keeps_them() -> None:
    assert visible("a\n\tb\x1b", keep="\n\t") == "a\n\tb\\x1b"


def test_a_long_text_loses_its_middle_with_a_count() -> None:
    assert shorten("a" * MOST) == "a" * MOST
    text = shorten("cause " + "x" * 10_000_000 + " remedy")
    assert text.startswith("cause x")
    assert text.endswith("x remedy")
    assert "(9,998,013 characters left out)" in text
    assert len(text) < MOST + 50


def test_a_message_has_a_length_and_its_remedy() -> None:
    text = str(Problem("a.csv:2", "an unknown label", "did you mean b?", "\x1b[2J\n" + "y" * 10_000_000))
    assert text.startswith(r"a.csv:2  an unknown label: \x1b[2J y")
    assert text.endswith("; did you mean b?")
    assert len(text) < MOST + 50


@pytest.mark.parametrize("text", ["plain", "a`b", "``", "`", "a\n\n# b", "a ``` b` c", "", " ", "x" * 5000])
def test_a_code_span_ends_where_it_should(text: str) -> None:
    span = code(text)
    assert "\n" not in span
    fence = re.match("`+", span)
    assert fence
    inside = span[len(fence[0]) : -len(fence[0])]
    assert span.endswith(fence[0])
    assert fence[0] not in re.findall("`+", inside), "the first run of so many backticks ends the span"


def test_markup_in_markdown_is_text() -> None:
    assert markdown("<b>[x](javascript:y)</b> a|b *c*\n# d") == (
        r"\<b\>\[x\](javascript:y)\</b\> a\|b \*c\*\n# d"
    ).replace(r"\n", r"\\n")


NAN = float("nan")


def test_undefined_figures_are_written_alike() -> None:
    assert figure(0.925) == "0.9250"
    assert figure(0.5, 2, sign="+") == "+0.50"
    assert figure(None) == figure(NAN) == figure(NAN, sign="+") == "undefined"
    assert interval((0.1, 0.25)) == "0.1000 to 0.2500"
    assert interval((-0.1, 0.25), sign="+") == "-0.1000 to +0.2500"
    assert interval(None) == interval((None, None)) == interval((NAN, NAN)) == interval((0.1, NAN)) == ""
    assert with_interval(0.2, (0.1, 0.25)) == "0.2000 (0.1000 to 0.2500)"
    assert with_interval(0.2, (NAN, NAN)) == "0.2000"
    assert with_interval(NAN, (NAN, NAN)) == "undefined"


@pytest.mark.parametrize(("p", "text"), [(0.25, "0.2500"), (1e-9, "1.0e-09"), (NAN, "undefined"), (None, "undefined")])
def test_p_values(p: float | None, text: str) -> None:
    assert p_value(p) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("macro_f1", "macro_f1"), ("_draft_ ~~x~~", r"\_draft\_ \~\~x\~\~"), ("# a", r"\# a"), ("- a", r"\- a"),
        ("1. a", r"1\. a"), ("12) a", r"12\) a"), ("1.5 is", r"1\.5 is"), ("https://evil.example", r"https\://evil.example"),
        ("www.evil.example", r"www\.evil.example"), ("cost$", r"cost\$"),
    ],
)  # fmt: skip
def test_signs_that_mean_something_at_some_places_alone(text: str, shown: str) -> None:
    assert markdown(text) == shown
