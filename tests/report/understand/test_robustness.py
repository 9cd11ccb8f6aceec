"""The words, tables and page of a Run's robustness."""

from __future__ import annotations

import re
from typing import Any

from bertkit.report.understand.robustness import below, changed_rows, page, summary, tables
from tests.understand.robustness.recorded import perturbation, record

ALONE: dict[str, Any] = {"run": "support", "perturbations": None, "warnings": [], "tests": record()["tests"]}
"""Of behaviour tests alone."""


def found(title: str, **others: Any) -> tuple[list[str], list[list[str]]]:
    ((header, rows),) = [(header, rows) for name, header, rows in tables(record(**others)) if name == title]
    return header, rows


def test_the_table_of_perturbations() -> None:
    header, rows = found("")
    row = dict(zip(header, rows[0], strict=True))
    assert (row["changed"], row["same tokens"], row["right"], row["flips"]) == ("10", "1", "8", "2")
    assert row["robust share"] == "0.7500 (0.4000 to 0.9000)"
    assert (row["difference"], row["p (Holm)"]) == ("-0.2000 (-0.4000 to +0.0000)", "0.0250")
    assert [row[0] for row in rows] == ["typo_swap", "upper_case"]
    header, rows = found("Answers that stay, though another may be right now")
    assert rows == [["negated", "10", "1", "0.7000 (0.4000 to 0.9000)"]]


def test_without_right_answers_only_what_stays_is_shown() -> None:
    header, rows = found("Answers that stay", right_answers=False)
    assert [row[0] for row in rows] == ["typo_swap", "upper_case", "negated"]
    assert "robust share" not in header


def test_answers_that_are_numbers() -> None:
    numbers = [perturbation("typo_swap", right=0, kept=0, stayed=None, stayed_share=None, stayed_interval=None)]
    header, rows = found("", perturbations=numbers)
    assert dict(zip(header, rows[0], strict=True))["robust share"] == "undefined"
    assert len(tables(record(perturbations=numbers, words=None, attack=None, tests=[]))) == 1


def test_words_attack_and_tests() -> None:
    header, rows = found("Words that decide")
    assert rows[0] == ["qx7", "0", "", "spam", "20 of 20", "before", "40", "0.9500 (0.8000 to 0.9900)"]
    assert rows[1] == ["the", "12", "0.0833 (0.0000 to 0.3000)", "", "", "", "", ""]
    assert len(header) == 8
    header, rows = found("Words that decide", words=record()["words"][1:])
    assert header == ["word", "removed from", "answers change"]
    assert len(rows[0]) == 3
    _, rows = found("Attack by other words")
    assert ["made wrong", "3: 0.3333 (0.1000 to 0.6000)"] in rows
    _, rows = found("Behaviour tests")
    assert [row[2] for row in rows] == ["4", "100 (drawn)"]


def test_the_summary() -> None:
    lines = summary(record())
    assert lines[0] == "rows: 12 of 40 (test, drawn with seed 3); in brackets: 95% intervals"
    assert lines[1] == "score of the rows as they are: 0.8000 (0.5000 to 0.9000)"
    assert "no row was changed by: chinese_script" in lines
    undone = [perturbation("upper_case", same_tokens=10)]
    assert any("(the same tokens of all rows): upper_case" in one for one in summary(record(perturbations=undone)))
    assert "weakest: typo_swap: 0.7500 (0.4000 to 0.9000) of the 8 right answers stay right" in lines
    assert "words that decide alone, put into rows of other labels: qx7 -> spam (38 of 40)" in lines
    assert "behaviour tests: 1 of 2 pass wholly" in lines
    assert summary(ALONE) == ["behaviour tests: 1 of 2 pass wholly"]


def test_what_is_below_a_share() -> None:
    assert below(record(), 0.8) == ["typo_swap: 0.7500", "asks <where>: 3 of 4 pass (0.7500)"]
    assert below(record(), 0.75) == []
    assert below(ALONE, 1.0) == ["asks <where>: 3 of 4 pass (0.7500)"]
    unknown = [perturbation("typo_swap", right=0, kept=0)]
    assert below(record(perturbations=unknown, tests=[]), 0.5) == ["no right answer was put to the test"]
    numbers = [perturbation("typo_swap", right=0, kept=0, stayed=None, stayed_share=None)]
    assert "answers are numbers" in below(record(perturbations=numbers, tests=[]), 0.5)[0]
    assert below(record(perturbations=[], tests=[]), 0.0) == ["no right answer was put to the test"]


def test_rows_for_a_terminal() -> None:
    shown = dict(changed_rows(record(), 3))
    assert list(shown) == [
        "typo_swap, answers that change:",
        "attack, answers that become wrong:",
        "asks <where> (t.yaml:3), failing:",
    ]
    assert shown["attack, answers that become wrong:"] == [("a good film [yes]", "a fine film [no]")]
    ((before, after),) = shown["typo_swap, answers that change:"]
    assert (before, after) == ("where is my <b>parcel</b> [delivery]", "wheer is my <b>parcel</b> [refund]")
    assert list(changed_rows(record(), 0)) == []


def test_a_page() -> None:
    text = page(record(warnings=["no <good>"]))
    assert "<title>Robustness of support · bertkit</title>" in text
    assert "<li>no &lt;good&gt;</li>" in text
    assert "<mark>wheer</mark> is my &lt;b&gt;parcel&lt;/b&gt;" in text
    assert "<b>parcel" not in text
    assert 'dir="auto">مرحبا</div>' in text
    assert "typo_swap: 2 of 8 right answers are lost" in text
    assert "asks &lt;where&gt;" in text
    assert "where &lt;b&gt;is&lt;/b&gt; it" in text
    assert 'class="bad">refund' in text
    assert not re.search(r"<(script|link|img|iframe)|src=|url\((?!#)|http", text)


def test_a_page_of_tests_alone_and_one_of_nothing() -> None:
    text = page(ALONE)
    assert "2 behaviour tests" in text
    assert "Perturbations" not in text
    assert "Words that decide" not in text
    empty = record(perturbations=[], words=None, attack=None, tests=[], examples={})
    assert "no row was changed by" in page(empty)


def test_an_attack_of_no_row() -> None:
    attack = {**record()["attack"], "right": 0, "attacked": 0, "succeeded": 0, "share": None, "interval": None}
    attack |= {"share_changed": None, "words_changed": None, "queries": None, "examples": []}
    assert "attack: no row is right, so none could be attacked" in summary(record(attack=attack))
    assert "made wrong" in page(record(attack=attack))


def test_words_of_the_scored_rows() -> None:
    header, _ = found("Words that decide", words_of_training=False)
    assert "in the scored rows" in header
    assert "scored rows (the training rows could not be read)" in page(record(words_of_training=False))


def test_a_perturbation_that_tests_no_row() -> None:
    undone = {"same_tokens": 10, "tested": 0, "robust": None, "robust_interval": None, "score": None}
    header, rows = found("", perturbations=[perturbation("upper_case", right=0, kept=0, **undone)])
    assert dict(zip(header, rows[0], strict=True))["p (Holm)"] == ""
