"""Documents with a time out of files: columns, order, ids, and rows that can not be used."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from bertkit.search.events.documents import TimedText, read_documents
from tests.helpers import write_csv, write_rows


def read(file: Path, time: str | None = None, **block: Any) -> list[TimedText]:
    return read_documents(str(file), DataBlock(**block), time)


def failed(file: Path, time: str | None = None, **block: Any) -> str:
    with pytest.raises(DataError) as raised:
        read(file, time, **block)
    return str(raised.value)


@pytest.mark.parametrize("name", ["time", "date", "published"])
def test_in_order_of_time_and_of_the_file(name: str, tmp_path: Path) -> None:
    rows = [("2", "2024-03-06", "b"), ("1", "2024-03-05", "a"), ("3", "2024-03-06", "c")]
    found = read(write_csv(tmp_path / "a.csv", ("id", name, "text"), rows))
    assert [(one.id, one.text) for one in found] == [("1", "a"), ("2", "b"), ("3", "c")]
    assert found[1].time - found[0].time == 86_400


def test_names_of_columns(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", ("nr", "when", "body", "date"), [("7", "2024-03-05", "a", "x")])
    columns = {"text": "body", "id": "nr"}
    (one,) = read(file, "when", columns=columns)
    assert one == TimedText("7", one.time, "a")
    assert read(file, columns={**columns, "time": "when"}) == [one]
    nested = write_rows([{"text": "a", "meta": {"at": 1709640000}}], tmp_path / "n.jsonl")
    assert read(nested, "meta.at")[0].time == 1709640000


def test_times_of_parquet(tmp_path: Path) -> None:
    at = datetime(2024, 3, 5, 12)
    naive = pa.array([at], pa.timestamp("us"))
    table = pa.table(
        {"text": ["a"], "time": naive, "zone": pa.array([at.replace(tzinfo=UTC)], pa.timestamp("ms", "Asia/Tokyo"))}
    )
    pq.write_table(table, tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet")[0].time == read(tmp_path / "a.parquet", "zone")[0].time == 1709640000


def test_a_document_without_an_id_has_the_hash_of_time_and_text(tmp_path: Path) -> None:
    rows = [("2024-03-05", "a"), ("2024-03-05T00:00Z", "a"), ("2024-03-06", "a"), ("2024-03-05", "b")]
    ids = [one.id for one in read(write_csv(tmp_path / "a.csv", ("time", "text"), rows))]
    assert ids[0] == ids[1]
    assert len({*ids}) == 3
    assert all(one.startswith("text:") for one in ids)


def test_mistakes_have_their_place(tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "a.csv", ("time", "text"), [("2024-03-05", "a"), ("soon", "b"), ("", "c"), ("2024", "")]
    )
    lines = failed(file).splitlines()
    assert lines[0].startswith(f"{file}:3  time is not a time: 'soon'; write 2024-03-05")
    assert lines[1].startswith(f"{file}:4  time is missing")
    assert lines[2].startswith(f"{file}:5  text is empty")
    assert [one.text for one in read(file, bad_rows="skip")] == ["a"]
    none = write_csv(tmp_path / "none.csv", ("time", "text"), [("soon", "a")])
    assert "no row can be used" in failed(none, bad_rows="skip")
    named = write_csv(tmp_path / "named.csv", ("at", "text"), [("soon", "a")])
    assert "time (column at) is not a time" in failed(named, "at")


def test_columns_that_are_missing_or_not_clear(tmp_path: Path) -> None:
    day = "2024-03-05"
    other = write_csv(tmp_path / "a.csv", ("nr", "created", "text"), [("5", day, "a")])
    assert "--time  " in failed(other)
    assert "the columns here: nr, created, text; name the one that holds the time: --time created" in failed(other)
    assert "no column craeted; did you mean created?" in failed(other, "craeted")
    two = write_csv(tmp_path / "b.csv", ("date", "published", "text"), [(day, day, "a")])
    assert "the columns date and published may hold the time; --time date" in failed(two)
    assert len(read(two, "published")) == 1
    plain = tmp_path / "c.txt"
    plain.write_text("a\nb\n")
    assert "--time COLUMN" in failed(plain)
    lacks = write_csv(tmp_path / "d.csv", ("time", "body"), [(day, "a")])
    assert "no column 'text' for text" in failed(lacks)
    assert "--set data.columns.text=body" in failed(lacks)


def test_files_that_are_empty_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.csv").write_text("time,text\n")
    assert f"{tmp_path / 'a.csv'}" in failed(tmp_path / "a.csv")
    assert "no rows" in failed(tmp_path / "b.csv")
    assert "none.csv" in failed(tmp_path / "none.csv")


def test_several_files_are_one_input(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", ("time", "text"), [("2024-03-06", "late")])
    write_csv(tmp_path / "b.csv", ("time", "text"), [("2024-03-05", "early")])
    assert [one.text for one in read(tmp_path / "*.csv")] == ["early", "late"]
    write_csv(tmp_path / "c.csv", ("date", "text"), [("2024-03-05", "x")])
    assert f"{tmp_path / 'c.csv'}:2  time is missing" in failed(tmp_path / "*.csv")
