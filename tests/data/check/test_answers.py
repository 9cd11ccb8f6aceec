"""What is odd about labels and numbers."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.data.check.answers import headers, label_counts, odd, span_of
from bertkit.data.columns.column import Column

LABEL, LABELS, SCORE = (Column("label", kind, answer=True) for kind in ("label", "labels", "number"))
ALIKE, SAME, SINGLE = "differ only in case", "the same number", "a single row"
SCORES, CLASSES = "scores? then", "labels? then"


def found(values: list[Any], column: Column = LABEL) -> dict[str, tuple[str, ...]]:
    known = (ALIKE, SAME, SINGLE, SCORES, CLASSES)
    return {next(part for part in known if part in name): one.places for name, one in odd(column, values).items()}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "a", "b", "b"], {}),
        (["a", "a", "b"], {SINGLE: ("b",)}),
        (["Refund", "refund"] * 2, {ALIKE: ("Refund (2) and refund (2)",)}),
        (["re fund", "refund"] * 2, {ALIKE: ("re fund (2) and refund (2)",)}),
        (["0", "1", "0.0", "1.0"] * 2, {SAME: ("0 (2) and 0.0 (2)", "1 (2) and 1.0 (2)")}),
        (["007", "7"] * 2, {SAME: ("007 (2) and 7 (2)",)}),
        (["0", "1"] * 20, {}),
        ([str(i) for i in range(5)] * 20, {}),
        ([f"{i / 2}" for i in range(10)] * 9, {SCORES: ("0.0", "0.5", "1.0")}),
        ([str(i) for i in range(30)] * 2, {SCORES: ("0", "1", "2")}),
        ([str(i) for i in range(77)] * 9, {}),
        (["1e999", "a"] * 2, {}),
    ],
)
def test_labels(values: list[str], expected: dict[str, tuple[str, ...]]) -> None:
    assert found(values) == expected


def test_several_labels_per_row() -> None:
    assert found([["a", "A"], ["A"], ["a"]], LABELS) == {ALIKE: ("a (2) and A (2)",)}


def test_numbers_of_two_values_alone() -> None:
    assert found([0.0, 1.0] * 20, SCORE) == {CLASSES: ("0", "1")}
    assert found([0.0, 1.0] * 5, SCORE) == {}, "of few rows nobody knows"
    assert found([0.0, 1.0, 2.0] * 20, SCORE) == {}


def test_counts_and_spans() -> None:
    assert label_counts({LABEL: ["b", "a", "b"], SCORE: [1.0]}) == {"b": 2, "a": 1}
    assert span_of({SCORE: [1.0, 2.0, 6.0]}) == {"least": 1.0, "mean": 3.0, "most": 6.0}
    assert span_of({LABEL: ["a"]}) == {}


def test_a_row_is_a_header_only_where_all_of_its_cells_are_names() -> None:
    names = {"text": {"text"}, "text_pair": {"text_pair"}, "label": {"label", "category"}}
    texts = {"text": ["Text", "text", "text"], "text_pair": ["text_pair", "text_pair", "a"]}
    at = ["1", "2", "3"]
    assert headers(texts, {LABEL: ["Category", "x", "label"]}, names, at).places == ("1",)
    assert headers(texts, {LABELS: [["label"], [], ["label"]]}, names, at).places == ("1",)
    assert headers(texts, {SCORE: [1.0, 2.0, 3.0]}, names, at).count == 0
    assert headers({}, {LABEL: ["label"]}, names, ["1"]).count == 0
