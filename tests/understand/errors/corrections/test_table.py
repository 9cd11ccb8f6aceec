"""The file of corrections: as it was written, as spreadsheets save it, and what is no such file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import DataError
from bertkit.understand.errors.corrections.table import of_file, read_about, read_corrections
from tests.helpers import write_csv
from tests.understand.errors.corrections.filled import fill, line


def test_lines_that_were_filled_in(tmp_path: Path) -> None:
    lines = [
        line("a.csv:2", "one", "x", "y"), line("a.csv:3", "two", "x", "  "),
        line("b.json[row 3]", "'=three", "B-PER O", "O O", "2-3", "leak"),
    ]  # fmt: skip
    found, left = read_corrections(fill(tmp_path, lines))
    assert left == 1
    assert [(one.place, one.source, one.suffix, one.words) for one in found] == [
        ("a.csv:2", "a.csv", ":2", None),
        ("b.json[row 3]", "b.json", "[row 3]", (1, 3)),
    ]
    assert found[1].text == "=three"
    assert [one.suspect for one in found] == [True, False]
    assert found[1].line == "errors.csv, row 4"


def test_other_delimiters(tmp_path: Path) -> None:
    file = tmp_path / "errors.csv"
    file.write_text("\ufeffplace;text;given;corrected;note\na.csv:2;one, two;x;y;\n", "utf-8")
    found, _ = read_corrections(file)
    assert (found[0].text, found[0].corrected) == ("one, two", "y")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column place"),
        (b"text,label\na,b\n", "no column place, given, corrected"),
        (b"place,text,given,corrected\na.csv:2,x,y,\n", "none of its 1 lines has anything"),
        (b"place,text,given,corrected\n\xff\xfe,x,y,z\n", "save it as CSV in UTF-8"),
        (b'place,text,given,corrected\na,"x,y,z\n', "can not be read"),
        (b"place,text,given,corrected,words\na.csv:2,x,y,z,three\n", "words: not a range"),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "errors.csv"
    file.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_corrections(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_corrections(tmp_path / "errors.csv")


def test_what_is_beside_it(tmp_path: Path) -> None:
    file = fill(tmp_path, [], labels=["a"])
    about = read_about(file)
    assert about is not None
    assert (about.task, about.labels) == ("classify", ["a"])
    (tmp_path / "errors.json").write_text("{}")
    with pytest.raises(DataError, match="it has no task"):
        read_about(file)
    (tmp_path / "errors.json").unlink()
    assert read_about(file) is None


def test_corrections_of_a_data_file(tmp_path: Path) -> None:
    one, other = (write_csv(tmp_path / name, ["text"], [["x"]]) for name in ("a.csv", "b.csv"))
    lines = [
        line(f"{one}:2", "x", "y", "z"),
        line(f"{other}:2", "x", "y", "z"),
        line("elsewhere/a.csv:2", "x", "y", "w"),
    ]
    found, _ = read_corrections(fill(tmp_path / "f", lines))
    assert [part.corrected for part in of_file(found, one)] == ["z"]  # of this very file, not of one of its name
    moved = tmp_path / "new" / "b.csv"
    assert [part.place for part in of_file(found, moved)] == [f"{other}:2"]
    with pytest.raises(DataError, match=r"the corrections are of .*a\.csv, .*b\.csv, elsewhere/a\.csv; name the file"):
        of_file(found, tmp_path / "c.csv")


@pytest.mark.parametrize("words", ["2 to 3", "2-3", "2 - 3"])
def test_words_are_read_in_both_forms(tmp_path: Path, words: str) -> None:
    """A spreadsheet takes `2-3` for a date, so `2 to 3` is written."""
    found, _ = read_corrections(fill(tmp_path / "f", [line("a.conll:1", "a b c", "O O", "PER", words)]))
    assert found[0].words == (1, 3)


def test_a_text_that_begins_as_an_escaped_one(tmp_path: Path) -> None:
    from bertkit.inference.bulk.formats import Csv

    cell = Csv(excel=True)._cell
    for text in ("=x", "'=x", "''=x", "'x", "x"):
        found, _ = read_corrections(fill(tmp_path, [line("a.csv:2", cell(text), "x", "y")]))
        assert found[0].text == text
