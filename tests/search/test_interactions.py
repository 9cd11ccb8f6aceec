"""Rows of users and documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from bertkit.search.interactions import ColumnNames, read_users
from tests.helpers import write_csv, write_rows

ROWS = [("ann", "d2", "2026-03-05", "2"), ("bob", "d1", "2026-01-01", "1"), ("ann", "d1", "2026-03-01", "0.5")]
NAMES = ColumnNames("who", "what", "day", "stars")


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(write_csv(tmp_path / "reads.csv", ("who", "what", "day", "stars"), ROWS))


def test_documents_of_each_user_the_oldest_first(file: str) -> None:
    users = read_users(file, DataBlock(), NAMES)
    assert [*users] == ["ann", "bob"]
    assert (users["ann"].items, users["ann"].weights) == (["d1", "d2"], [0.5, 2.0])
    assert users["ann"].times[1] - users["ann"].times[0] == 4 * 86400


def test_without_times_the_order_of_the_file_counts(file: str) -> None:
    users = read_users(file, DataBlock(), ColumnNames("who", "what"))
    assert (users["ann"].items, users["ann"].times, users["ann"].weights) == (["d2", "d1"], [0, 0], [1, 1])
    with pytest.raises(DataError, match=r"--half-life .* has no column time"):
        read_users(file, DataBlock(), ColumnNames("who", "what"), timed=True)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("", "d1", "2026-01-01", "1"), "who is empty or no id"),
        (("ann", "d1", "soon", "1"), r"reads.csv:2  day is not a time: 'soon'; write 2024-03-05"),
        (("ann", "d1", "2026-01-01", "0"), r"reads.csv:2  the weight '0' is not a number above 0"),
        (("ann", "d1", "2026-01-01", "many"), "the weight 'many' is not a number"),
    ],
)
def test_rows_that_can_not_be_used(row: tuple[str, ...], said: str, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "reads.csv", ("who", "what", "day", "stars"), [row])
    with pytest.raises(DataError, match=said):
        read_users(str(file), DataBlock(), NAMES)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (ColumnNames("whom", "what"), "whom"),
        (ColumnNames("who", "what", "date"), "--time  date: no such column"),
        (ColumnNames("who", "what", None, "weight"), "--weight  weight: no such column"),
    ],
)
def test_columns_that_are_not_there(names: ColumnNames, said: str, file: str) -> None:
    with pytest.raises(DataError, match=said):
        read_users(file, DataBlock(), names)


@pytest.mark.parametrize("first", [True, False])
def test_a_time_that_only_some_rows_have(first: bool, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"user": "a", "item": "1", "time": "2024-01-01"}, {"user": "a", "item": "2"}]
    file = write_rows(rows if first else rows[::-1], tmp_path / "r.jsonl")
    with pytest.raises(DataError, match=r"r.jsonl:2  only some rows have the column time"):
        read_users(str(file), DataBlock(), ColumnNames("user", "item"))
