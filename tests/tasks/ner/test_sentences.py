"""Which words and tags a row has."""

from __future__ import annotations

import pytest

from bertkit.data.read.rows import Tally
from bertkit.errors import DataError
from bertkit.tasks.ner.sentences import all_tags, log_scripts, sentences_of, tags_of


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


OVERLAPPING = [
    {
        "text": "Bank of Oslo",
        "spans": [{"start": 0, "end": 12, "label": "ORG"}, {"start": 8, "end": 12, "label": "LOC"}],
    },
    {"text": "Mara", "spans": [{"start": 0, "end": 4, "label": "PER"}] * 2},
    {"text": "Mara", "spans": [{"start": 0, "end": 4, "label": label} for label in ("PER", "ANIMAL")]},
]


def test_entities_that_can_not_stand_side_by_side_are_counted_one_by_one(caplog: pytest.LogCaptureFixture) -> None:
    tally = Tally()
    tags = tags_of(OVERLAPPING, sentences_of(OVERLAPPING), "IOB2", tally)
    assert tags == [["B-ORG", "I-ORG", "I-ORG"], ["B-PER"], ["B-PER"]]
    tally.warn()
    assert caplog.messages == [
        "entities that share a word with another, the longest kept (options.overlaps): 1 (row 1 LOC 'Oslo')",
        "entities given twice, taken once: 1 (row 2 PER 'Mara')",
        "entities whose characters have two labels, the first one kept: 1 (row 3 ANIMAL 'Mara')",
    ]


def test_overlaps_may_be_an_error() -> None:
    with pytest.raises(DataError) as caught:
        tags_of(OVERLAPPING, sentences_of(OVERLAPPING), "IOB2", overlaps="error")
    one, two = str(caught.value).splitlines()
    assert one.startswith("row 1  two entities share a word: LOC 'Oslo' and ORG 'Bank of Oslo'; correct them")
    assert two.endswith("ANIMAL 'Mara' and PER 'Mara'; correct them; or keep one: --set options.overlaps=longest")


def test_a_space_before_a_word_stands_also_before_its_invisible_marks() -> None:
    assert sentences_of([{"text": "\u200fa \u200eb-\u200bc"}]).spaced() == [["a", " b", "-", "c"]]
    assert sentences_of([{"text": " a b"}]).spaced() == [[" a", " b"]]


def test_scripts_without_spaces_are_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "bertkit")
    log_scripts(sentences_of([{"text": "ไป"}, {"text": "go"}]))
    log_scripts(sentences_of([{"text": "go"}]))
    assert caplog.messages == ["1 of 2 texts have Thai, written without spaces: each letter with its marks is a word"]


def test_what_is_no_list_of_words() -> None:
    for bad in ("a b", ["a", 3], ["a", ""]):
        with pytest.raises(DataError, match=r"row 1 .*not a list of words"):
            sentences_of([{"tokens": bad}])


def test_all_tags_of_a_type() -> None:
    assert all_tags([["O", "S-b"], ["B-a-2"]], "BIOES") == [
        *("O", "B-a-2", "I-a-2", "E-a-2", "S-a-2", "B-b", "I-b", "E-b", "S-b"),
    ]
