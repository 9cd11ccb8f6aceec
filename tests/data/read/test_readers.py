from __future__ import annotations

import gzip
import io
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bertkit import plugins
from bertkit.data.read.readers import READERS, check_keys, read_records
from bertkit.errors import DataError, PluginError
from bertkit.recipe.schema import DataBlock

BLOCK = DataBlock()


def texts(sources: list[str], block: DataBlock = BLOCK) -> list[tuple[str, str]]:
    return [(record.place, record.values["text"]) for record in read_records(sources, block)]


def test_every_format_of_an_ending_has_a_reader():
    from bertkit.data.read.formats import ENDINGS

    assert set(ENDINGS.values()) < set(READERS)
    assert set(READERS) <= set(plugins.names("reader"))


def test_text_is_a_line_a_row_also_where_it_is_blank(write):
    path = write("a.txt", 'first "line"\r\n\nthird, line\u2028still\n')
    assert texts([path]) == [("a.txt:1", 'first "line"'), ("a.txt:2", ""), ("a.txt:3", "third, line\u2028still")]


def test_text_in_gb18030(write):
    """Also a character of four bytes, which GBK does not have."""
    path = write("a.txt", "他在𠮷野家\n€ 很好\n".encode("gb18030"))
    assert texts([path], DataBlock(encoding="gb18030")) == [("a.txt:1", "他在𠮷野家"), ("a.txt:2", "€ 很好")]
    with pytest.raises(DataError, match=r"a\.txt:1  is not valid utf-8: .*; the whole file is valid gb18030"):
        texts([path])


def test_sources_are_read_one_after_the_other(write):
    write("b.csv", "text\nb\n")
    write("a.jsonl.gz", gzip.compress(b'{"text": "a"}\n'))
    assert texts(["b.csv", "a.jsonl.gz"]) == [("b.csv:2", "b"), ("a.jsonl.gz:1", "a")]


def test_one_source_without_rows_is_an_error(write):
    with pytest.raises(DataError, match=r"b\.csv  no rows"):
        texts([write("a.csv", "text\na\n"), write("b.csv", "text\n")])


def test_bad_rows_of_all_sources_are_told_together(write):
    write("a.csv", "text,n\na\n")
    write("b.csv", "text,n\nb\n")
    with pytest.raises(DataError) as caught:
        texts(["a.csv", "b.csv"])
    assert [problem.key for problem in caught.value.problems] == ["a.csv:2", "b.csv:2"]


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'text\n"a\nb"\nc\n')))
    assert texts(["-"]) == [("stdin:2", "a\nb"), ("stdin:4", "c")]


def test_standard_input_as_a_table_of_columns(monkeypatch):
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": ["a"]}), sink)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(sink.getvalue())))
    assert texts(["-"], DataBlock(format="parquet")) == [("stdin[row 1]", "a")]


def test_an_unknown_format(write):
    with pytest.raises(PluginError, match=r"data\.format  no such reader: cvs; did you mean csv\?"):
        texts([write("a.csv", "text\na\n")], DataBlock(format="cvs"))


OWN = """
from bertkit.data.read.lines import lines
from bertkit.data.read.rows import Record
from bertkit.errors import Problem

def read(source, block):
    for number, line in enumerate(lines(source, block), 1):
        place = source.line(number)
        text, bar, label = line.strip().partition("|")
        yield Record(place, number, {"text": text, "label": label}) if bar else Problem(place, "no bar")

def wrong(source, block):
    yield {"text": "a"}
"""


def test_a_reader_of_the_users_own(write):
    write("mine.py", OWN)
    path = write("a.dat", "a|x\nb|y\n")
    assert texts([path], DataBlock(format="./mine.py:read")) == [("a.dat:1", "a"), ("a.dat:2", "b")]
    with pytest.raises(DataError, match=r"b\.dat:1  no bar"):
        texts([write("b.dat", "a\n")], DataBlock(format="./mine.py:read"))


def test_a_reader_that_yields_something_else(write):
    write("mine.py", OWN)
    with pytest.raises(PluginError, match=r"yields dict, not bertkit\.data\.read\.rows\.Record"):
        texts([write("a.dat", "a\n")], DataBlock(format="./mine.py:wrong"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"train": "a.jsonl", "delimiter": ";"}, "data.delimiter  has no effect on jsonl: it is for csv, "),
        ({"train": "a.csv", "glued_digits": True}, "data.glued_digits  has no effect on csv: it is for conll"),
        ({"train": "hub:x/y#train", "encoding": "big5"}, "data.encoding  has no effect on hub"),
        ({"train": "a.parquet", "header": ["a"]}, "data.header  has no effect on parquet"),
        ({"train": "a.conll", "quoting": False}, "data.quoting  has no effect on conll"),
        ({"train": ["a.csv", "b.jsonl"], "delimiter": ";"}, ""),
        ({"train": "a.txt", "delimiter": ";"}, ""),
        ({"train": "folder", "delimiter": ";"}, ""),
        ({"train": "-", "delimiter": ";"}, ""),
        ({"train": "a.csv", "header": False, "encoding_errors": "replace"}, ""),
        ({"train": "a.x", "format": "./mine.py:read", "glued_digits": True}, ""),
        ({"train": "a.jsonl", "format": "csv", "comment": "#"}, ""),
    ],
)
def test_a_key_that_no_file_knows_is_an_error(options, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    block = DataBlock(**options)
    if told:
        with pytest.raises(DataError) as caught:
            check_keys(block.train, block)
        assert str(caught.value).startswith(told)
    else:
        check_keys(block.train, block)
