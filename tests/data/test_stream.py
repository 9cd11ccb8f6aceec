"""Rows one by one: read as `load` reads them, no sooner than they are asked for, and bad ones kept in their place."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bertkit.data.columns.column import Column
from bertkit.data.dataset import load
from bertkit.data.read import readers
from bertkit.data.read.rows import count_left_out
from bertkit.data.stream import stream
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

TEXT = (Column("text", "text"), Column("text_pair", "text", required=False), Column("label", "label", answer=True))
ROWS = [{"id": str(number), "text": f"text {number}", "more": f"of {number}"} for number in range(5000)]


def write(file: Path) -> Path:
    """The rows in the format of the file's ending."""
    ending = "".join(file.suffixes)
    lines_of = {
        ".csv": ["id,text,more", *(",".join(row.values()) for row in ROWS)],
        ".tsv": ["id\ttext\tmore", *("\t".join(row.values()) for row in ROWS)],
        ".jsonl": list(map(json.dumps, ROWS)),
        ".txt": [row["text"] for row in ROWS],
    }
    if ending in (".parquet", ".arrow"):
        table = pa.Table.from_pylist(ROWS)
        if ending == ".parquet":
            pq.write_table(table, file)
        else:
            with pa.ipc.new_file(file, table.schema) as sink:
                sink.write_table(table)
        return file
    text = "".join(f"{line}\n" for line in lines_of[ending.removesuffix(".gz")])
    file.write_bytes(gzip.compress(text.encode()) if ending.endswith(".gz") else text.encode())
    return file


FORMATS = ("a.csv", "a.tsv", "a.jsonl", "a.txt", "a.parquet", "a.arrow", "a.csv.gz", "a.jsonl.gz")


@pytest.mark.parametrize("name", FORMATS)
def test_every_row_is_that_of_load(name: str, tmp_path: Path) -> None:
    file = str(write(tmp_path / name))
    taken = list(stream([file], TEXT, DataBlock(), answers=False))
    rows = load([file], TEXT, DataBlock(), answers=False)
    assert [one.row[key] for one in taken for key in rows.column_names] == [row[key] for row in rows for key in row]
    own = ROWS if "txt" not in name else [{"text": row["text"]} for row in ROWS]
    assert [one.values for one in taken] == own


@pytest.mark.parametrize("name", FORMATS)
def test_no_more_is_read_than_is_asked_for(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, made = str(write(tmp_path / name)), []
    rows = iter(stream([file], TEXT, DataBlock(), answers=False))
    original = readers.WrongBytes.check

    def check(self: Any, row: Any) -> Any:
        made.append(row)
        return original(self, row)

    monkeypatch.setattr(readers.WrongBytes, "check", check)
    list(itertools.islice(rows, 10))
    assert 10 <= len(made) < 30


BAD = '{"text": "one"}\n{"text": 7, "n": 1}\n{broken\n{"text": "", "n": 2}\n{"text": "two"}\n'


def test_rows_that_can_not_be_used_are_an_error_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(BAD, "utf-8")
    rows = stream([str(file)], TEXT, DataBlock(), answers=False)
    assert [next(rows).values["text"] for _ in range(3)] == ["one", "", "two"]
    with pytest.raises(DataError) as error:
        next(rows)
    assert [problem.key.rpartition(":")[2] for problem in error.value.problems] == ["2", "3"]
    with count_left_out() as left_out:
        assert len(list(stream([str(file)], TEXT, DataBlock(bad_rows="skip"), answers=False))) == 3
    assert left_out.skipped == 2


def test_bad_rows_can_be_kept_in_their_place(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(BAD, "utf-8")
    taken = list(stream([str(file)], TEXT, DataBlock(), answers=False, keep_bad=True))
    assert [one.row["text"] if one.row else None for one in taken] == ["one", None, None, None, "two"]
    assert [one.values for one in taken[1:4]] == [{"text": 7, "n": 1}, {}, {"text": "", "n": 2}]
    reasons = [one.problem.reason for one in taken if one.problem]
    assert ["not a text" in reasons[0], reasons[1], reasons[2]] == [True, "broken JSON", "text is empty"]
    file.write_text('{"text": 7}\n', "utf-8")
    assert [one.row for one in stream([str(file)], TEXT, DataBlock(), answers=False, keep_bad=True)] == [None]
    with pytest.raises(DataError, match="no row can be used"):
        list(stream([str(file)], TEXT, DataBlock(bad_rows="skip"), answers=False))
