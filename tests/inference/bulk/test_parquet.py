"""Parquet in pieces: the types of all of them."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from bertkit.inference.bulk import parquet
from bertkit.inference.bulk.parquet import Parquet

DAY = datetime.date(2024, 5, 1)


def read(tmp_path: Path, *pieces: list[dict[str, Any]]) -> Any:
    format = Parquet()
    made = [format.piece(rows, list(dict.fromkeys(name for row in rows for name in row))) for rows in pieces]
    format.join(made, tmp_path / "a.parquet")
    return pq.read_table(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("first", "second", "kind", "expected"),
    [
        (1, 2, "int64", [1, 2]),
        (1, 2.5, "double", [1.0, 2.5]),
        (None, "x", "string", [None, "x"]),
        ([], ["x"], "list<element: string>", [[], ["x"]]),
        ({"x": 1}, {"y": "a"}, "struct<x: int64, y: string>", [{"x": 1, "y": None}, {"x": None, "y": "a"}]),
        (DAY, DAY, "date32[day]", [DAY, DAY]),
        (1, "x", "string", ["1", '"x"']),
        (2**60 + 1, 0.5, "string", [str(2**60 + 1), "0.5"]),
        ({}, {"x": 1}, "string", ["{}", '{"x": 1}']),
        (True, 1, "string", ["true", "1"]),
    ],
)
def test_pieces_get_one_type(first: Any, second: Any, kind: str, expected: list[Any], tmp_path: Path) -> None:
    table = read(tmp_path, [{"a": first}], [{"a": second}])
    assert str(table.schema.field("a").type) == kind
    assert table["a"].to_pylist() == expected


def test_a_column_that_only_some_pieces_have(tmp_path: Path) -> None:
    table = read(tmp_path, [{"a": 1}], [{"a": 2, "b": {}}], [{"a": 3, "b": 1}])
    assert table.to_pylist() == [{"a": 1, "b": "null"}, {"a": 2, "b": "{}"}, {"a": 3, "b": "1"}]


def test_row_groups_are_not_as_small_as_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP", 10)
    read(tmp_path, *([{"a": number}] * 4 for number in range(7)))
    with pq.ParquetFile(tmp_path / "a.parquet") as file:
        assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [12, 12, 4]


def test_halves_and_nan(tmp_path: Path) -> None:
    piece = Parquet().piece([{"a": "\ud800", "b": float("nan")}], ["a", "b"])
    assert piece.counts == {"halves": 1}
    assert read(tmp_path, [{"a": "\ud800", "b": float("nan")}]).to_pylist() == [{"a": "\ufffd", "b": None}]


def test_arrays_are_lists_of_a_fixed_size(tmp_path: Path) -> None:
    """Also beside rows without one, and in pieces that have none."""
    ones, none = np.arange(3, dtype=np.float32), [{"a": None}]
    table = read(tmp_path, none, [{"a": ones}, {"a": None}], [{"a": ones + 1}], none)
    assert str(table.schema.field("a").type) == "fixed_size_list<element: float>[3]"
    assert table["a"].to_pylist() == [None, [0, 1, 2], None, [1, 2, 3], None]
    small = read(tmp_path, [{"a": np.arange(2, dtype=np.int8)}])
    assert str(small.schema.field("a").type) == "fixed_size_list<element: int8>[2]"


def test_large_rows_make_small_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "LARGEST", 5_000)
    read(tmp_path, *([{"a": np.zeros(256, np.float32)}] * 2 for _ in range(5)))
    with pq.ParquetFile(tmp_path / "a.parquet") as file:
        assert [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)] == [6, 4]


def test_a_whole_number_beyond_64_bits_is_text(tmp_path: Path) -> None:
    from bertkit.inference.bulk.parquet import _array

    array, why = _array([2**63 + 5, 1])
    assert array.to_pylist() == [str(2**63 + 5), "1"]
    assert why
