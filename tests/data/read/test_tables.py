from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bertkit.data.read.readers import read_records
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock


def rows(path: str, **options: object) -> list[tuple[str, int, dict[str, str]]]:
    return [(r.place, r.number, r.values) for r in read_records([path], DataBlock(**options))]


def texts(path: str, **options: object) -> list[list[str]]:
    return [list(values.values()) for _, _, values in rows(path, **options)]


def message(path: str, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        rows(path, **options)
    return str(caught.value)


def test_rows_have_their_place_and_number(write):
    path = write("a.csv", "text,label\nhello,x\nbye,y\n")
    assert rows(path) == [
        ("a.csv:2", 1, {"text": "hello", "label": "x"}),
        ("a.csv:3", 2, {"text": "bye", "label": "y"}),
    ]


def test_values_stay_as_they_are_written(write):
    values = ["NA", "null", "None", "nan", "n/a", "007", "1e3", " x ", "2020-01-01", "", "'", 'a"b']
    path = write("a.csv", "text,n\n" + "".join(f"{value},{i}\n" for i, value in enumerate(values)))
    assert [text for text, _ in texts(path)] == values


def test_a_quoted_field_may_hold_newlines_and_the_places_stay_right(write):
    path = write("a.csv", 'text,label\n"a\nb\n\nc",x\n"say ""hi"", you",y\r\n"d\r\ne",z\nf,w\n')
    assert [(place, v["text"]) for place, _, v in rows(path)] == [
        ("a.csv:2", "a\nb\n\nc"),
        ("a.csv:6", 'say "hi", you'),
        ("a.csv:7", "d\r\ne"),
        ("a.csv:9", "f"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(write, end, last):
    path = write("a.csv", end.join(["text,label", "a,x", "b,y"]) + (end if last else ""))
    assert [(place, list(v.values())) for place, _, v in rows(path)] == [
        ("a.csv:2", ["a", "x"]),
        ("a.csv:3", ["b", "y"]),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_name(write):
    (row,) = rows(write("a.csv", b"\xef\xbb\xbftext\nx\n"))
    assert row[2] == {"text": "x"}
    (row,) = rows(write("b.csv", b'\xef\xbb\xbf"text"\nx\n'))
    assert row[2] == {"text": "x"}


def test_utf_16(write):
    path = write("a.csv", "text,label\n这,x\n".encode("utf-16"))
    assert "--set data.encoding=utf-16" in message(path)
    assert texts(path, encoding="utf-16") == [["这", "x"]]


def test_an_unclosed_quote_names_the_line_where_it_opens(write):
    path = write("a.csv", 'text,label\na,x\n"b,y\nc,z\n')
    assert message(path).startswith("a.csv:3  a quote opens here and is never closed; close it")
    assert "--set" not in message(path), "as tsv it would have one column"
    assert message(path, bad_rows="skip").startswith("a.csv:3  a quote opens here")


def test_text_after_a_closing_quote(write):
    path = write("a.csv", 'text,label\n"he said "hi" to me",x\nfine,y\n"a"b,z\n')
    found = message(path).split("\n")
    assert [line.partition("  ")[0] for line in found] == ["a.csv:2", "a.csv:4"]
    assert """a.csv:2  wrong quotes: ',' expected after '"'""" in found[0]
    assert texts(path, bad_rows="skip") == [["fine", "y"]]


def test_after_wrong_quotes_over_several_lines_nothing_is_trusted(write):
    path = write("a.csv", 'text,label\n"a\nb"c,x\nfine,y\n')
    assert message(path, bad_rows="skip").startswith("a.csv:2  wrong quotes")


def test_a_carriage_return_without_quotes_splits_no_row_in_silence(write):
    path = write("a.csv", 'text\none\rtwo\n"three\rfour"\n')
    assert message(path).startswith("a.csv:2  wrong quotes: a carriage return in a text without quotes")
    assert texts(path, bad_rows="skip") == [["three\rfour"]]


def test_ragged_rows_are_all_told(write):
    path = write("a.csv", "text,label\na,x\nb\nc,y,z\n\nd,w\n")
    assert message(path).split("\n") == [
        "a.csv:3  wrong number of fields: 1, expected 2 (text, label); quote a text that holds a newline",
        "a.csv:4  wrong number of fields: 3, expected 2 (text, label); quote a text that holds the delimiter",
    ]


def test_one_field_too_many_in_all_rows_shifts_no_column(write):
    path = write("a.csv", "text,label\n" + "0,a,x\n" * 63)
    assert "a.csv:2  wrong number of fields: 3" in message(path)
    assert message(path).endswith("and 53 more rows like these")


def test_skipped_rows_keep_the_numbers_of_the_others(write, caplog):
    path = write("a.csv", "text,label\na,x\nb\nc,y\n")
    assert [(place, number) for place, number, _ in rows(path, bad_rows="skip")] == [("a.csv:2", 1), ("a.csv:4", 3)]
    assert caplog.messages == ["rows left out, wrong number of fields: 1 (a.csv:3)"]


def test_blank_lines_are_passed_over_and_counted(write, caplog):
    path = write("a.csv", "\ntext,label\n\na,x\n  \nb,y\n\r\n")
    assert texts(path) == [["a", "x"], ["b", "y"]]
    assert caplog.messages == ["blank lines skipped: 4 (a.csv:1, a.csv:3, a.csv:5, ...)"]


def test_blank_lines_of_a_single_column(write, caplog):
    path = write("a.csv", 'text\na\n\n""\n \nb\n')
    assert texts(path) == [["a"], [""], [" "], ["b"]]
    assert caplog.messages == ["blank lines skipped: 1 (a.csv:3)"]


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("text,text", "a.csv:1  the header names 'text' twice"),
        ("text,", "a.csv:1  column 2 of the header has no name"),
        (",column1", "a.csv:1  column 1 of the header has no name"),
        ('"text"s,a', "a.csv:1  wrong quotes"),
    ],
)
def test_wrong_headers(write, header, what):
    assert message(write("a.csv", f"{header}\nx,y\n")).startswith(what)


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("a.csv", "text;label\na, b;x\n", "csv-semicolon"),
        ("a.csv", "text\tlabel\na, b\tx\n", "tsv"),
        ("a.tsv", "text,label\na,x\n", "csv"),
    ],
)
def test_another_delimiter_is_named_with_the_format_that_reads_it(write, name, content, format):
    path = write(name, content)
    found = message(path)
    assert found.startswith(f"{name}:1  one column, named ")
    assert f"--set data.format={format}" in found
    assert rows(path, format=format)[0][2]["label"] == "x"


def test_white_space_around_column_names_is_removed(write, caplog):
    assert rows(write("a.csv", "text, label\na, x\n"))[0][2] == {"text": "a", "label": " x"}
    assert caplog.messages == ["a.csv:1: removed white space around column names: text, label"]


def test_a_longer_header_with_another_delimiter_inside_is_left_alone(write):
    assert texts(write("a.csv", "text;more,label\na,x\n")) == [["a", "x"]]


def test_a_csv_with_semicolons_may_quote_them(write):
    assert texts(write("a.csv", 'text;label\n"a; b";x\n'), format="csv-semicolon") == [["a; b", "x"]]


def test_tsv_has_no_quoting(write):
    path = write("a.tsv", 'text\tlabel\n"open\tx\nhe said "hi"\ty\n"a"\tz\nback\\slash\tw\n')
    assert [text for text, _ in texts(path)] == ['"open', 'he said "hi"', '"a"', "back\\slash"]


def test_tsv_is_checked_like_csv(write, caplog):
    path = write("a.tsv", "text\tlabel\na\tx\nb\n\nc\ty\tz\n")
    assert [line.partition("  ")[0] for line in message(path).split("\n")] == ["a.tsv:3", "a.tsv:5"]
    assert message(write("b.tsv", "a\ta\nx\ty\n")).startswith("b.tsv:1  the header names 'a' twice")


def test_a_field_may_be_longer_than_csv_would_have_it(write):
    assert texts(write("a.csv", "text\n" + "x" * 200_000 + "\n")) == [["x" * 200_000]]


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.tsv", "\t")])
def test_data_header_makes_the_first_line_a_row(write, name, delimiter):
    path = write(name, f"a{delimiter}x\nb{delimiter}y\n")
    assert rows(path, header=["text", "label"]) == [
        (f"{name}:1", 1, {"text": "a", "label": "x"}),
        (f"{name}:2", 2, {"text": "b", "label": "y"}),
    ]


def test_data_header_of_the_wrong_length(write):
    path = write("a.csv", "a,x,1\nb,y,2\n")
    found = message(path, header=["text", "label"], bad_rows="skip")
    assert found.startswith("a.csv:1  data.header names 2 columns, this line has 3; name 3 columns: --set ")
    assert "'data.header=[column1,column2,column3]'" in found


def test_data_header_where_there_is_a_header(write):
    found = message(write("a.csv", "text,label\na,x\n"), header=["text", "label"])
    assert found == "a.csv:1  this line is a header, but data.header says there is none; leave data.header out"


@pytest.mark.parametrize("header", [["a", "a"], ["a", " "]])
def test_data_header_needs_distinct_names(write, header):
    assert message(write("a.csv", "a,x\n"), header=header).startswith("data.header  the name ")


@pytest.mark.parametrize("content", ["", "text,label\n", "text,label", "\n\n"])
def test_no_rows(write, content):
    assert message(write("a.csv", content)) == "a.csv  no rows; is this the right file?"


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
TRICKY = st.text(st.sampled_from("\",;\t\n\r ab'\\中\u2028\x85é"), max_size=8)
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@QUIET
@given(st.lists(st.tuples(TEXT | TRICKY, TEXT | TRICKY), min_size=1), st.booleans())
@example([("", "")], False)
@example([('a"\n', "\r"), (" ", "x")], True)
def test_whatever_pythons_writer_writes_is_read_back(write, written, windows):
    stream = io.StringIO(newline="")
    # With the line end "\n" alone the writer does not quote a "\r", which then can not be told from a line end.
    dialect = {"lineterminator": "\r\n"} if windows else {"lineterminator": "\n", "quoting": csv.QUOTE_ALL}
    writer = csv.writer(stream, **dialect)
    writer.writerow(["text", "label"])
    lines = []
    for row in written:
        lines.append(1 + stream.getvalue().count("\n"))
        writer.writerow(row)
    found = rows(write("a.csv", stream.getvalue()))
    assert [tuple(values.values()) for _, _, values in found] == written
    assert [place for place, _, _ in found] == [f"a.csv:{line}" for line in lines]


@QUIET
@given(st.lists(st.text(st.characters(exclude_characters="\0\t\n\r", exclude_categories=["Cs"])), min_size=1))
def test_any_text_without_tab_and_newline_is_read_back_from_tsv(write, written):
    found = rows(write("a.tsv", "text\tlabel\n" + "".join(f"{text}\tx\n" for text in written)))
    assert [(place, v["text"]) for place, _, v in found] == [(f"a.tsv:{i}", t) for i, t in enumerate(written, 2)]


def test_the_index_that_pandas_writes_first_has_a_name_here(write, caplog):
    caplog.set_level("INFO", "bertkit")
    assert texts(write("a.csv", ",text\n0,a\n1,b\n")) == [["0", "a"], ["1", "b"]]
    assert caplog.messages == ["a.csv:1: the first column has no name and is called column1"]


def test_a_field_without_end_is_an_error_before_the_memory_is_full(write, monkeypatch):
    from bertkit.data.read import tables

    monkeypatch.setattr(tables, "MAX_FIELD", 100)
    told = message(write("a.csv", 'text,label\n"' + "a line\n" * 20 + '",x\n'))
    assert told.startswith("a.csv:2  a text of more than 100 characters; is a quote never closed?")
