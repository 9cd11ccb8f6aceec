"""The page of `bertkit errors`: sentences, tables, escapes, and what it says where there is nothing to say."""

from __future__ import annotations

import re

import pytest

from bertkit.report.understand.errors import findings_table, lists_table, page, summary, trust_table
from tests.report.understand.recorded import finding, record, trust


def test_sentences() -> None:
    said = summary(record())
    assert said[0] == "12 of 350 labels look wrong."
    assert said[1] == (
        "Of planted confusions with a similar answer, 70.0% are on such a list. "
        "There are at most 40 of this kind in the data, and at most 80.0% of the list are."
    )
    assert said[2].endswith("There are at most 20 of this kind in the data, and all of the list may be such errors.")
    assert said[3].startswith("2 rows of validation or test are also in the training rows (1 with the same text)")
    assert said[4].startswith("1 rows have the same")
    assert (
        said[5]
        == "1 slice is worse than the other rows by more than chance: refund <b> (0.500 on 60 rows, elsewhere 0.930)."
    )


def test_what_is_not_known_is_not_said() -> None:
    few = record(
        trust=[trust("similar", 0.7, None, None), {**trust("any", 0.0, None, None), "planted": 0, "lists": []}]
    )
    assert summary(few)[1] == "Of planted confusions with a similar answer, 70.0% are on such a list."
    assert len(summary(few)) == 5
    header, rows = trust_table(few)
    assert rows[0][-3:] == ["undefined", "undefined", "40.0%"]
    assert len(header) == len(rows[0])
    nothing = record(suspects=0, findings=[], pairs=[], slices=None, data_map=None, trust=[trust("any", 0, None, None)])
    nothing["repeats"] = dict.fromkeys(nothing["repeats"], 0)
    assert summary(nothing) == ["0 of 350 labels look wrong."]
    text = page(nothing)
    assert "<p>Nothing.</p>" in text
    assert "Data map" not in text
    assert "Where the models are weak" not in text


def test_a_page_is_escaped_and_loads_nothing() -> None:
    text = page(record())
    assert "where is &lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text
    assert "<li>a &lt;warning&gt;</li>" in text
    assert "refund &lt;b&gt;" in text
    assert not re.search(r"<(link|img|iframe)|src=|url\((?!#)", text)


def test_a_page_holds_all_parts() -> None:
    text = page(record())
    for part in ("How far to trust the list", "What looks wrong", "Most frequent", "in the training rows",
                 "Repeated rows", "Where the models are weak", "Data map", "Hardest", "Most ambiguous"):  # fmt: skip
        assert part in text, part
    assert '<div dir="auto">مرحبا 北京</div>' in text
    assert '<mark dir="auto">北京</mark>' in text
    assert "<strong>no entity</strong>" in text
    assert text.count("<svg") == 1
    assert "contradicts" not in text.split("What looks wrong")[0]
    assert "1.2e-07" in text


def test_why_there_is_no_map() -> None:
    text = page(record(data_map={"why": "the training rows have changed"}))
    assert "None: the training rows have changed." in text


@pytest.mark.parametrize("count", [250, 3])
def test_long_lists_are_cut_and_said_to_be(count: int) -> None:
    many = [finding("label", 0.9, f"text {n}", "x", "y") for n in range(count)]
    text = page(record(findings=many, suspects=count))
    assert ("The first 200 of 250" in text) == (count == 250)


def test_150_labels() -> None:
    pairs = [{"given": f"label {n}", "suggested": f"other {n}", "count": n} for n in range(150)]
    assert "label 149" in page(record(pairs=pairs, labels=[f"label {n}" for n in range(150)]))


def test_tables() -> None:
    header, rows = lists_table(record())
    assert header == ["first suspects", "confusions with a similar answer", "slips to any answer"]
    assert rows == [["10", "10.0%", "10.0%"], ["12", "70.0%", "95.0%"]]
    shown = findings_table(record(), 10, 30)
    assert [row[1] for row in shown] == ["label, conflict", "label"]  # what repeats another row has no other answer
    assert shown[1][3:] == ["北京", "北京 PER", "no entity"]


def test_a_quick_search_is_said_to_be_one() -> None:
    search = {"folds": 3, "quick": True, "planted": 0.1, "seed": 4}
    text = page(record(search=search))
    assert "logistic regression on sentence vectors" in text
    assert "10% of the labels" in text
    assert "(seed 4)" in text
