"""Tables as spreadsheets save them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bertkit.understand.errors.corrections.sheet import read_sheet


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_encodings(tmp_path: Path, delimiter: str, encoding: str) -> None:
    file = tmp_path / "errors.csv"
    with file.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows([["text", "corrected"], ["ä, b; c\nd", "x"]])
    columns, rows = read_sheet(file)
    assert columns == ["text", "corrected"]
    assert rows == [{"text": "ä, b; c\nd", "corrected": "x"}]


def test_what_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"text,corrected\n\xff\xe9\n")
    with pytest.raises(UnicodeDecodeError):
        read_sheet(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes(b"")
    assert read_sheet(tmp_path / "b.csv") == ([], [])


def test_spaces_around_names_of_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text, corrected \na, x\n")
    columns, rows = read_sheet(tmp_path / "a.csv")
    assert columns == ["text", "corrected"]
    assert rows == [{"text": "a", "corrected": " x"}]


def test_a_cell_that_is_longer_than_csvs_own_limit(tmp_path: Path) -> None:
    before = csv.field_size_limit(1000)
    try:
        (tmp_path / "a.csv").write_text(f"text,corrected\n{'x' * 2000},b\n")
        assert read_sheet(tmp_path / "a.csv").rows == [{"text": "x" * 2000, "corrected": "b"}]
    finally:
        csv.field_size_limit(before)
