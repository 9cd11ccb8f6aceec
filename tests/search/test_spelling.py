"""Spellings that an index knows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bertkit.search.spelling import corrected, edits, variants

KNOWN = {"parcel": 5, "parcels": 2, "where": 9, "straße": 1, "strasse": 4, "письмо": 3}


def holding(words: Sequence[str]) -> list[int]:
    return [KNOWN.get(word, 0) for word in words]


def test_the_most_frequent_word_at_one_edit() -> None:
    assert variants("where is my parcal", holding) == {"parcal": "parcel"}
    assert variants("PACREL", holding) == {"pacrel": "parcel"}
    assert variants("parcelss", holding) == {"parcelss": "parcels"}
    assert variants("письма", holding) == {}
    assert variants("письом", holding) == {"письом": "письмо"}


def test_words_that_stay() -> None:
    assert variants("parcel", holding) == {}
    assert variants("xyzzyq", holding) == {}
    assert variants("wher", holding) == {"wher": "where"}
    assert variants("wer", holding) == {}  # too short
    assert variants("蜘蛛网络", holding) == {}


def test_all_edits_are_there_once() -> None:
    found = edits("ab")
    assert len(found) == len({*found})
    assert {"ba", "a", "b", "xb", "ax", "xab", "axb", "abx"} <= {*found}
    assert "ab" not in found


def test_a_query_is_corrected_in_place() -> None:
    assert corrected("Where is my Parcal?", {"parcal": "parcel"}) == "Where is my parcel?"
    assert corrected("网 is here", {}) == "网 is here"


@pytest.mark.parametrize(
    ("text", "shown"), [("foo_parcle now", "foo_parcel now"), ("ｐarcle", "parcel"), ("Parcle?", "parcel?")]
)
def test_what_is_said_to_be_searched_for_is(text: str, shown: str) -> None:
    assert corrected(text, {"parcle": "parcel"}) == shown
    assert corrected(text, {}) == text
