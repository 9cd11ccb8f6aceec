"""What is recognised, and what is left as it is; each shape itself stands in tests/forms/exports.py."""

from __future__ import annotations

import logging

import pytest

from bertkit.data.columns.column import Column
from bertkit.data.dataset import load
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from tests.data.read.annotations.reading import lines, message, records, values
from tests.helpers import messages, warnings

PRODIGY = {"text": "Mara flew", "_task_hash": 1, "spans": [], "answer": "accept"}


@pytest.mark.parametrize(
    "row",
    [
        {"text": "Mara flew", "label": [[0, 4, "PER"]]},
        {"text": "a", "label": ["pos"]},
        {"id": 1, "text": "a", "label": "pos"},
        {"text": "a", "answer": "accept"},
        {"text": "a", "data": {"b": 1}},
        {"content": "a", "annotation": "b"},
        {"text": "a", "annotations": [{"label": "b"}]},
        {"id": 1, "text": "a", "labels": [0, 3]},
        {"text": "a", "cats": {"sport": "yes"}},
    ],
)
def test_other_rows_are_left_as_they_are(write, row, caplog):
    caplog.set_level(logging.INFO, "bertkit")
    assert values(write("a.jsonl", lines(row))) == [row]
    assert "export" not in "".join(messages(caplog))


def test_one_row_among_the_first_shows_the_shape(write):
    plain = {"id": 1, "text": "Nothing here", "labels": []}
    rows = [*[plain] * 50, {**plain, "text": "Mara flew", "labels": [[0, 4, "PER"]]}]
    found = values(write("a.jsonl", lines(*rows)))
    assert [row["spans"] for row in found] == [[]] * 50 + [[[0, 4, "PER"]]]


def test_named_columns_stay_as_the_file_has_them(write):
    path = write("a.jsonl", lines({**PRODIGY, "meta": {"by": "me"}, "_view_id": "ner_manual"}))
    (row,) = values(path, columns={"text": "text", "id": "_view_id", "spans": "tokens.x"})
    assert row == {"text": "Mara flew", "spans": [], "meta": {"by": "me"}, "_view_id": "ner_manual"}


def test_places_and_numbers_are_those_of_the_file(write):
    path = write("a.jsonl", lines({**PRODIGY, "answer": "reject"}, PRODIGY))
    assert [(row.place, row.number) for row in records(path)] == [("a.jsonl:2", 2)]


def test_all_rows_are_used_where_no_answers_are_needed(write):
    path = write("a.jsonl", lines({**PRODIGY, "answer": "reject"}, PRODIGY))
    assert len(records(path, answers=False)) == 2


def test_a_malformed_row_is_a_bad_row(write, caplog):
    rows = [PRODIGY, {**PRODIGY, "spans": 7}, {**PRODIGY, "answer": "yes"}, 3]
    path = write("a.jsonl", lines(*rows))
    assert message(path).split("\n")[0] == "a.jsonl:2  spans is not a list: found a number"
    assert "a.jsonl:3  has no answer of Prodigy's: found 'yes'; it is accept, reject or ignore" in message(path)
    assert len(records(path, bad_rows="skip")) == 1
    assert "rows left out, spans is not a list: 1 (a.jsonl:2)" in messages(caplog)


def test_nothing_accepted_is_an_error_that_says_so(write, caplog):
    path = write("a.jsonl", lines({**PRODIGY, "answer": "reject"}))
    with pytest.raises(DataError, match="no row can be used; see the rows left out above"):
        load([path], [Column("text", "text"), Column("spans", "spans", answer=True)], DataBlock())
    assert "rows left out, rejected in Prodigy: 1 (a.jsonl:1)" in messages(caplog)


def test_what_is_left_out_of_several_files_is_counted_together(write, caplog):
    write("d/a.jsonl", lines({**PRODIGY, "answer": "reject"}))
    write("d/b.jsonl", lines(PRODIGY, {**PRODIGY, "answer": "reject"}))
    assert len(records("d")) == 1
    assert warnings(caplog) == ["rows left out, rejected in Prodigy: 2 (d/a.jsonl:1, d/b.jsonl:2)"]
