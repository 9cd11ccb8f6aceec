from __future__ import annotations

import pytest

from bertkit.data.read.rows import BadRows, Tally
from bertkit.errors import DataError, Problem


def test_ten_bad_rows_are_shown_and_the_others_counted():
    bad = BadRows()
    for line in range(1, 64):
        bad.add(Problem(f"a.csv:{line}", "text is empty"))
    with pytest.raises(DataError) as caught:
        bad.settle()
    assert len(caught.value.problems) == 11
    assert str(caught.value.problems[0]) == "a.csv:1  text is empty"
    assert str(caught.value.problems[-1]) == "and 53 more rows like these"


def test_one_row_more_is_in_the_singular():
    bad = BadRows()
    for line in range(11):
        bad.add(Problem(f"a.csv:{line}", "text is empty"))
    with pytest.raises(DataError, match="and 1 more row like these"):
        bad.settle()


def test_no_bad_rows_are_no_error():
    BadRows().settle()


def test_skipped_rows_are_counted_by_reason(caplog):
    bad = BadRows("skip")
    for line in range(1, 6):
        bad.add(Problem(f"a.csv:{line}", "wrong number of fields", detail=f"{line}, expected 7"))
    bad.add(Problem("a.csv:9", "text is empty"))
    bad.settle()
    assert caplog.messages == [
        "rows left out, wrong number of fields: 5 (a.csv:1, a.csv:2, a.csv:3, ...)",
        "rows left out, text is empty: 1 (a.csv:9)",
    ]
    assert bad.count == 6


def test_a_tally_without_entries_says_nothing(caplog):
    Tally().warn()
    assert not caplog.records


@pytest.mark.parametrize("mode", ["error", "skip"])
def test_rows_without_answers_and_parts_left_out_are_counted_in_either_mode(mode, caplog):
    bad = BadRows(mode)
    bad.note("relations, not read", "a:1")
    bad.pass_over("rejected", "a:2")
    bad.settle()
    assert (bad.count, bad.passed) == (0, 1)
    assert caplog.messages == ["relations, not read: 1 (a:1)", "rows left out, rejected: 1 (a:2)"]
