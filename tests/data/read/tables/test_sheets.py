from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta

import pytest

from bertkit.data.read.bytes import packed
from bertkit.data.read.readers import read_records
from bertkit.data.read.rows import Record
from bertkit.data.read.tables.sheets import _text
from bertkit.errors import DataError, ExtraError
from bertkit.recipe.schema import DataBlock
from tests.data.read.bytes.test_packed import zipped
from tests.forms.books import ods, xls, xlsx

ROWS = [["text", "label"], ["where is it", "parcel"], ["my money", "refund"]]


def read(name: str, block: DataBlock | None = None) -> list[Record]:
    return list(read_records([name], block or DataBlock()))


@pytest.mark.parametrize(("name", "written"), [("a.xlsx", xlsx), ("a.ods", ods), ("a.xls", xls)])
def test_the_rows_of_the_only_sheet_and_their_places(write, name: str, written) -> None:
    write(name, written({"Empty": [], "My rows": ROWS}))
    assert [(one.place, one.number, one.values) for one in read(name)] == [
        (f"{name}#My rows:2", 1, {"text": "where is it", "label": "parcel"}),
        (f"{name}#My rows:3", 2, {"text": "my money", "label": "refund"}),
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3.0, "3"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (7, "7"),
        (True, "true"),
        (" x ", " x "),
        (date(2024, 5, 1), "2024-05-01"),
        (datetime(2024, 5, 1, 12, 30), "2024-05-01 12:30:00"),
        (time(12, 30), "12:30:00"),
        (timedelta(hours=25), "1 day, 1:00:00"),
        ("", ""),
    ],
)
def test_a_cell_is_the_text_that_a_csv_file_has(cell, text: str) -> None:
    assert _text(cell) == text


def test_cells_of_every_kind_as_a_file_has_them(write) -> None:
    cells = ["a", 3.0, 2.5, True, date(2024, 5, 1), datetime(2024, 5, 1, 12, 30), "#N/A"]
    write("a.xlsx", xlsx({"S": [["text", "n", "x", "yes", "day", "at", "error"], cells]}))
    (row,) = read("a.xlsx")
    assert list(row.values.values()) == ["a", "3", "2.5", "true", "2024-05-01", "2024-05-01 12:30:00", ""]


def test_what_is_empty_around_the_rows_is_no_row(write, caplog) -> None:
    caplog.set_level("INFO")
    rows = [[None], [None, "text", None, "n", " "], [None, "a", None, 1], [], [None, "b", "odd", 2], [None, " "]]
    write("a.xlsx", xlsx({"S": rows}))
    assert [(one.place, one.values) for one in read("a.xlsx")] == [
        ("a.xlsx#S:3", {"text": "a", "column3": "", "n": "1"}),
        ("a.xlsx#S:5", {"text": "b", "column3": "odd", "n": "2"}),
    ]
    assert caplog.messages == [
        "a.xlsx#S:2: column 3 has no name and is called column3",
        "empty rows skipped: 1 (a.xlsx#S:4)",
    ]


def test_one_of_several_sheets_is_named_after_the_hash(write) -> None:
    write("a.xlsx", xlsx({"Train set": ROWS, "Test": ROWS[:2]}))
    with pytest.raises(DataError) as caught:
        read("a.xlsx")
    assert str(caught.value) == ("a.xlsx  has several sheets with rows: Train set, Test; name one: 'a.xlsx#Train set'")
    assert len(read("a.xlsx#Train set")) == 2
    with pytest.raises(DataError, match=r"a\.xlsx#test  no such sheet; did you mean Test\?"):
        read("a.xlsx#test")


def test_a_hidden_sheet_is_read_if_it_is_named(write, caplog) -> None:
    caplog.set_level("INFO")
    write("a.xlsx", xlsx({"Rows": ROWS, "Lists": ROWS[:2]}, hidden=["Lists"]))
    assert len(read("a.xlsx")) == 2
    assert caplog.messages == ["a.xlsx: hidden sheets skipped: 1"]
    assert len(read("a.xlsx#Lists")) == 1


def test_a_header_of_the_recipe(write) -> None:
    write("a.xlsx", xlsx({"S": ROWS[1:]}))
    assert [row.values["said"] for row in read("a.xlsx", DataBlock(header=["said", "topic"]))] == [
        "where is it",
        "my money",
    ]
    with pytest.raises(DataError, match=r"a\.xlsx#S  data\.header names 1 columns, the sheet has 2; name 2 columns"):
        read("a.xlsx", DataBlock(header=["said"]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (xlsx({"S": []}), "a.xlsx  no rows"),
        (xlsx({"S": [["text", "text"], ["a", "b"]]}), "a.xlsx#S:1  two columns are named 'text'; rename one"),
        (xlsx({"S": ROWS})[:200], "a.xlsx  can not be read: Cannot detect file format"),
        (zipped({"xl/workbook.xml": b"<no"}), "a.xlsx  can not be read: "),
        (b"text,label\na,b\n", "a.xlsx  can not be read: Cannot detect file format"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_book_that_can_not_be_used(write, content: bytes, message: str) -> None:
    write("a.xlsx", content)
    with pytest.raises(DataError) as caught:
        read("a.xlsx")
    assert message in str(caught.value)


def test_a_bomb_is_an_error(write, monkeypatch) -> None:
    monkeypatch.setattr(packed, "BOMB_BYTES", 10_000)
    write("a.xlsx", zipped({"xl/workbook.xml": bytes(3_000_000)}))
    with pytest.raises(DataError, match="unpacks to more than 200 times its size"):
        read("a.xlsx")


def test_an_excel_file_by_another_name_and_in_a_zip(write) -> None:
    book = xlsx({"S": ROWS})
    assert len(read(write("a.dat", book))) == 2
    assert len(read(write("a.zip", zipped({"a.xlsx": book})))) == 2
    write("a.csv", book)
    with pytest.raises(DataError, match=r"a\.csv  is an Excel file, .*--set data\.format=excel"):
        read("a.csv")
    assert len(read("a.csv", DataBlock(format="excel"))) == 2


def test_without_the_extra(write, monkeypatch) -> None:
    from bertkit import extras

    monkeypatch.setattr(extras, "has", lambda module: False)
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    write("a.xlsx", xlsx({"S": ROWS}))
    with pytest.raises(ExtraError, match=r"a\.xlsx  needs the package .*; pip install 'bertkit\[excel\]'"):
        read("a.xlsx")


def test_a_sheet_without_a_row_of_names(write) -> None:
    write("a.xlsx", xlsx({"Sheet": ROWS[1:]}))
    assert [one.values for one in read("a.xlsx", DataBlock(header=["text", "label"]))] == [
        {"text": "where is it", "label": "parcel"},
        {"text": "my money", "label": "refund"},
    ]
    assert read("a.xlsx", DataBlock(header=False))[0].values == {"1": "where is it", "2": "parcel"}
