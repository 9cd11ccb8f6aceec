"""An input is looked at before the work, and read again; what is said of it is said once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bertkit.data.columns.column import Column
from bertkit.data.read.rows import count_left_out
from bertkit.errors import DataError
from bertkit.inference.bulk.input import BulkInput, ahead, look_of, opened, said_once
from bertkit.recipe.schema import DataBlock
from tests.helpers import write_rows

COLUMNS = (Column("text", "text"),)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[BulkInput]:
    rows = [{"text": "a", "n": 1}, {"text": "b"}, {"text": "c", "late": 2}]
    with opened(str(write_rows(rows, tmp_path / "rows.jsonl")), COLUMNS, DataBlock(), keep_bad=False) as found:
        yield found


def test_a_look_finds_the_number_of_rows_and_all_columns(source: BulkInput) -> None:
    look = source.look()
    assert (look.rows, look.columns) == (3, ["text", "n", "late"])
    assert look.first is not None and look.first.values["text"] == "a"
    with source.again() as rows:
        again = look_of(list(rows))
    assert (again.rows, again.columns) == (look.rows, look.columns)


def test_few_rows_are_kept_and_many_are_not(source: BulkInput) -> None:
    assert [one.values["text"] for one in source.few(3) or ()] == ["a", "b", "c"]
    assert source.few(2) is None


def test_rows_left_out_are_counted_once(tmp_path: Path) -> None:
    file = write_rows([{"text": "a"}, {"text": 3.5}, {"text": ["b"]}], tmp_path / "rows.jsonl")
    with opened(str(file), COLUMNS, DataBlock(bad_rows="skip"), keep_bad=False) as source:
        with count_left_out() as counts:
            look = source.look()
            with source.again() as rows:
                assert len(list(rows)) == look.rows
        assert counts.skipped == 0  # by the one who looked, at the end
        assert look.left_out["skipped"] == 3 - look.rows > 0
    with (
        opened(str(file), COLUMNS, DataBlock(), keep_bad=False) as source,
        pytest.raises(DataError, match="not a text"),
    ):
        source.look()


def test_a_message_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("bertkit")
    with said_once():
        for text in ("twice", "twice", "once"):
            log.warning("%s", text)
    log.warning("twice")
    records = {id(record): record.getMessage() for record in caplog.records}
    assert [*records.values()] == ["twice", "once", "twice"]


def test_the_next_is_made_while_one_is_used() -> None:
    made: list[int] = []
    second = threading.Event()

    def make() -> int | None:
        made.append(len(made))
        if len(made) == 2:
            second.set()
        return made[-1] if len(made) < 4 else None

    used = []
    for one in ahead(make):
        assert second.wait(10), "made only when it is asked for"
        used.append(one)
    assert used == [0, 1, 2]


def test_an_error_while_the_next_is_made_is_raised_in_its_place() -> None:
    def make() -> int:
        if used:
            time.sleep(0.01)
            raise DataError.at("a", "b")
        used.append(1)
        return 1

    used: list[int] = []
    with pytest.raises(DataError, match="b"):
        assert list(ahead(make)) == []
