"""Which words and tags a row has."""

from __future__ import annotations

import pytest

from bertkit.errors import DataError
from bertkit.tasks.ner.sentences import all_tags, sentences_of, tags_of


def test_words_before_text_unless_the_answers_are_places_in_the_text() -> None:
    both = {"tokens": ["a", "b"], "text": "ab c"}
    spans = [{"start": 0, "end": 2, "label": "X"}]
    assert sentences_of([both]).words == [["a", "b"]]
    assert sentences_of([{**both, "spans": spans}]).words == [["ab", "c"]]
    assert sentences_of([{**both, "spans": spans, "tags": ["O", "O"]}]).words == [["a", "b"]]


def test_entities_are_written_in_the_scheme() -> None:
    rows = [{"text": "ab c d", "spans": [{"start": 0, "end": 4, "label": "X"}]}]
    sentences = sentences_of(rows)
    assert tags_of(rows, sentences, "IOB2") == [["B-X", "I-X", "O"]]
    assert tags_of(rows, sentences, "BIOES") == [["B-X", "E-X", "O"]]


def test_what_is_no_list_of_words() -> None:
    for bad in ("a b", ["a", 3], ["a", ""]):
        with pytest.raises(DataError, match=r"row 1 .*not a list of words"):
            sentences_of([{"tokens": bad}])


def test_all_tags_of_a_type() -> None:
    assert all_tags([["O", "S-b"], ["B-a-2"]], "BIOES") == [
        *("O", "B-a-2", "I-a-2", "E-a-2", "S-a-2", "B-b", "I-b", "E-b", "S-b"),
    ]
