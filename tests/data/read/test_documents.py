"""Sources to documents, paragraphs and clean texts."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.read import documents as under_test
from bertkit.data.read.documents import clean, documents, paragraphs, scan
from bertkit.data.read.sources import expand
from bertkit.errors import DataError, Setting
from bertkit.recipe.schema import DataBlock


def found(name: str, block: DataBlock | None = None, **options) -> list[str]:
    block = block or DataBlock()
    (source,) = expand([name], block)
    return list(documents(scan(source, block), block, CorpusOptions(**options), Counter()))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_a_document_is(write, end: str) -> None:
    name = write("a.txt", end.join(["one", "two", "", "three", "", " \t", "four", ""]))
    assert [text.split() for text in found(name)] == [["one", "two"], ["three"], ["four"]]
    assert [text.split() for text in found(name, empty_lines=2)] == [["one", "two", "three"], ["four"]]
    assert [text.split() for text in found(name, documents="file")] == [["one", "two", "three", "four"]]
    assert found(name, documents="line") == ["one", "two", "three", "four"]


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("longest", [4, 9, 1000])
def test_documents_do_not_depend_on_how_the_file_was_read(write, monkeypatch, chunk: int, longest: int) -> None:
    text = "ab\ncd ef\n\n\nghijklmnopqrst\n \nu v\r\n\r\nw\n\n\n\nxyz"
    name = write("a.txt", text)
    monkeypatch.setattr(under_test, "LONGEST", longest)
    whole = {kind: found(name, documents=kind) for kind in ("empty_line", "file", "line")}
    monkeypatch.setattr(under_test, "CHUNK", chunk)
    assert {kind: found(name, documents=kind) for kind in whole} == whole
    for texts in whole.values():
        assert "".join("".join(texts).split()) == "".join(text.split())
        assert max(map(len, texts)) <= max(longest, 1)


def test_a_document_beyond_the_limit_goes_on_as_another_at_a_line(write, monkeypatch) -> None:
    monkeypatch.setattr(under_test, "LONGEST", 10)
    name = write("a.txt", "12345\n6789\nabcde fghijk\nl")
    block, counts = DataBlock(), Counter()
    (source,) = expand([name], block)
    texts = list(documents(scan(source, block), block, CorpusOptions(documents="file"), counts))
    assert texts == ["12345\n", "6789\n", "abcde ", "fghijk\nl"]
    assert counts["documents_cut"] == 3


def test_packed_files_and_rows(write, tmp_path: Path) -> None:
    Path("a.txt.gz").write_bytes(gzip.compress(b"one\n\ntwo"))
    assert found("a.txt.gz") == ["one", "two"]
    name = write("a.jsonl", '{"text": "one\\n\\ntwo"}\n{"text": ""}\n{"text": "three"}\n')
    assert found(name) == ["one\n\ntwo", "three"]
    name = write("b.jsonl", '{"body": "one"}\n')
    assert found(name, DataBlock(columns={"text": "body"})) == ["one"]


def test_parquet(tmp_path: Path, monkeypatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"text": ["one", "two"]}), "a.parquet")
    assert found("a.parquet") == ["one", "two"]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ('{"body": "x"}', "no column 'text' for the text; the columns here: body"),
        ('{"text": null}', "text is missing"),
        ('{"text": 3}', "text is not a text: found 3"),
        ('{"text": "\\ud800"}', "half a character"),
    ],
)
def test_rows_without_a_text(write, row: str, what: str) -> None:
    name = write("a.jsonl", '{"text": "good"}\n' + row + "\n")
    with pytest.raises(DataError) as error:
        found(name)
    assert what in str(error.value)
    assert "a.jsonl:2" in str(error.value)
    if "column" not in what:
        assert found(name, DataBlock(bad_rows="skip")) == ["good"]


def test_encodings(write, caplog) -> None:
    name = write("a.txt", "fine\ncaf\xe9\n".encode("latin-1"))
    with pytest.raises(DataError) as error:
        found(name)
    problem = error.value.problems[0]
    assert problem.key == "a.txt:2"
    assert (problem.reason, problem.detail) == ("is not valid utf-8", "the byte 0xE9")
    assert problem.setting == Setting("data.encoding", "auto")
    assert found(name, DataBlock(encoding="latin-1")) == ["fine\ncafé\n"]
    assert found(name, DataBlock(encoding="auto")) == ["fine\ncafé\n"]
    assert "a.txt: is not UTF-8, so it is read as cp1252" in caplog.text
    write("b.txt", "\ufeffcafé\n")
    assert found("b.txt", DataBlock(encoding="auto")) == ["café\n"]
    write("c.txt", "ein Text".encode("utf-16"))
    assert found("c.txt", DataBlock(encoding="utf-16")) == ["ein Text"]
    for content, said in ((b"a\0b", "NUL"), (b"", "is empty"), ("é".encode("utf-16"), "byte order mark")):
        write("d.txt", content)
        with pytest.raises(DataError, match=said):
            found("d.txt")
    for encoding in ("utf-9", "base64"):
        with pytest.raises(DataError, match="no such text encoding"):
            found("a.txt", DataBlock(encoding=encoding))
    with pytest.raises(DataError, match=r"name the encoding of the file.*--set data\.encoding=auto"):
        found("a.txt", DataBlock(encoding="utf-16"))  # without its mark


def test_a_scan_tells_size_and_hash(write) -> None:
    import hashlib

    block = DataBlock()
    (source,) = expand([write("a.txt", "héllo")], block)
    scanned = scan(source, block)
    assert (scanned.size, scanned.sha256) == (6, hashlib.sha256("héllo".encode()).hexdigest())


def test_paragraphs() -> None:
    text = " one\ntwo \n \n\nthree-\nfour\n"
    assert paragraphs(text, join_lines=False) == ["one", "two", "three-", "four"]
    assert paragraphs(text, join_lines=True) == ["one two", "three- four"]
    assert paragraphs("他说，\n你好\nOK\n吗", join_lines=True) == ["他说，你好 OK 吗"]


def test_clean() -> None:
    counts: Counter[str] = Counter()
    assert clean("a\t b\u3000c\x85\u200bd\x07 e\u0301\nf", counts) == "a b c d é\nf"
    assert clean("می‌خواهم", counts) == "می‌خواهم"  # Persian: the joiner belongs to the word
    assert clean("as it is", counts) == "as it is"
    assert counts == {"documents_cleaned": 1, "characters_removed": 2}


def test_bytes_that_do_not_decode_are_replaced_or_their_rows_left_out(write, caplog) -> None:
    text = write("a.txt", "café\n".encode() + b"bad \xe2\x80 day\n")
    assert found(text, DataBlock(encoding_errors="replace")) == ["café\nbad \ufffd day\n"]
    assert caplog.messages == ["a.txt: 1 of 2 lines are not valid utf-8, replaced by U+FFFD"]
    rows = write("a.jsonl", '{"text": "café"}\n'.encode() + b'{"text": "bad \xe2\x80"}\n')
    assert found(rows, DataBlock(bad_rows="skip")) == ["café"]
    assert found(rows, DataBlock(encoding_errors="replace")) == ["café", "bad \ufffd"]
    with pytest.raises(DataError, match=r"a\.txt:2  is not valid utf-8"):
        found(text, DataBlock(bad_rows="skip"))
    for block in (DataBlock(), DataBlock(encoding="auto")):  # cp1252 would make mojibake of the lines that are right
        with pytest.raises(DataError, match=r"1 of 2 lines are not.*--set data\.encoding_errors=replace"):
            found(text, block)
    assert found(text, DataBlock(encoding="auto", encoding_errors="replace")) == ["café\nbad \ufffd day\n"]
