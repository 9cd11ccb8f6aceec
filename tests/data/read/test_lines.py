from __future__ import annotations

import gzip

import pytest

from bertkit.data.read.lines import valid_lines
from bertkit.data.read.readers import read_records
from bertkit.data.read.sources import expand
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock


def read(path: str, encoding: str = "utf-8") -> list[str]:
    block = DataBlock(encoding=encoding)
    return [line for source in expand([path], block) for line in valid_lines(source, block)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_three_line_ends(write, end):
    assert read(write("a.txt", f"a{end}{end}b{end}")) == [f"a{end}", end, f"b{end}"]
    assert read(write("a.txt", f"a{end}{end}b")) == [f"a{end}", end, "b"]


def test_a_carriage_return_inside_a_line_is_a_character(write):
    assert read(write("a.txt", "a\rb\nc\rd")) == ["a\rb\n", "c\rd"]


def test_no_other_character_ends_a_line(write):
    assert read(write("a.txt", "a\u2028b\x0bc\x0cd\x85e\x1ef\n")) == ["a\u2028b\x0bc\x0cd\x85e\x1ef\n"]


def test_the_byte_order_mark_is_dropped(write):
    assert read(write("a.txt", b"\xef\xbb\xbfa\nb")) == ["a\n", "b"]
    assert read(write("b.txt", "a\nб".encode("utf-16")), "utf-16") == ["a\n", "б"]
    assert read(write("c.txt", b"\xff\xfe" + "a\n".encode("utf-16-le")), "utf-16-le") == ["a\n"]


def test_the_encoding_is_honoured(write):
    assert read(write("a.txt", "é".encode("latin-1")), "latin-1") == ["é"]
    assert read(write("b.txt", "中文".encode("gb18030")), "gb18030") == ["中文"]


def test_wrong_bytes_are_told_with_their_line(write):
    path = write("a.txt", "fine\n" * 5000 + "été\n")
    assert len(read(path)) == 5001
    path = write("a.txt", b"fine\n" * 5000 + "été\n".encode("latin-1"))
    expected = r"a\.txt:5001  is not valid utf-8: the byte 0xE9; .*--set data\.encoding=cp1252"
    with pytest.raises(DataError, match=expected):
        read(path)


def test_encoded_surrogates_are_wrong_bytes(write):
    with pytest.raises(DataError, match=r"a\.txt:1  is not valid utf-8: the byte 0xED"):
        read(write("a.txt", b"\xed\xa0\x80"))


def test_cut_utf_16(write):
    with pytest.raises(DataError, match=r"a\.txt:2  is not valid utf-16"):
        read(write("a.txt", "a\nb".encode("utf-16")[:-1]), "utf-16")


def test_utf_16_without_its_mark(write):
    with pytest.raises(DataError, match=r"a\.txt:1  has no byte order mark, which utf-16 needs.*=utf-16-le"):
        read(write("a.txt", "text,label\n"), "utf-16")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_another_byte_order_mark_names_the_encoding(write, encoding):
    expected = rf"a\.txt:1  opens with the byte order mark of {encoding}, .*--set data\.encoding={encoding}"
    with pytest.raises(DataError, match=expected):
        read(write("a.txt", "a".encode(encoding)))


def test_utf_8_with_its_mark_is_not_read_as_latin_1(write):
    with pytest.raises(DataError, match=r"--set data\.encoding=utf-8"):
        read(write("a.txt", b"\xef\xbb\xbfa"), "latin-1")


@pytest.mark.parametrize("encoding", ["utf-9", "hex"])
def test_an_unknown_encoding(write, encoding):
    with pytest.raises(DataError, match=rf"data\.encoding  no such text encoding: {encoding}"):
        read(write("a.txt", "a"), encoding)


def test_nul_is_told_with_its_line(write):
    with pytest.raises(DataError, match=r"a\.txt:2  holds a NUL character"):
        read(write("a.txt", "a\nb\0c\n"))


def test_gz_is_read_and_its_faults_are_told(write):
    packed = gzip.compress(b"some text\n" * 1000)
    assert len(read(write("a.txt.gz", packed))) == 1000
    with pytest.raises(DataError, match=r"b\.txt\.gz:\d+  can not be read: "):
        read(write("b.txt.gz", packed[:-20]))
    with pytest.raises(DataError, match=r"c\.txt\.gz:1  can not be read: Not a gzipped file"):
        read(write("c.txt.gz", b"text\n"))


def test_an_empty_file_has_no_lines(write):
    assert read(write("a.txt", "")) == []


def test_a_line_without_end_is_an_error_before_the_memory_is_full(write, monkeypatch):
    from bertkit.data.read import lines as module

    monkeypatch.setattr(module, "MAX_LINE", 10)
    assert read(write("a.txt", "123456789\n123456789")) == ["123456789\n", "123456789"]
    with pytest.raises(DataError, match=r"b\.txt:2  can not be read: a line of more than 10 characters"):
        read(write("b.txt", "123456789\n12345678901\n"))


def test_a_packed_bomb_is_an_error_and_repetitive_texts_are_not(write, monkeypatch):
    from bertkit.data.read.bytes import packed

    monkeypatch.setattr(packed, "BOMB_BYTES", 100_000)
    assert len(read(write("a.txt.gz", gzip.compress(b"text\n" * 20_000)))) == 20_000
    with pytest.raises(DataError, match=r"b\.txt\.gz:\d+  can not be read: it unpacks to more than 200 times its size"):
        read(write("b.txt.gz", gzip.compress(b"text\n" * 200_000)))


GOOD = "text,label\nfine – day,x\n".encode()
BROKEN = GOOD + b"bad \xe2\x80 day,x\nnice \xe2\x80\x99s day,y\n"


def records(path: str, **options: object) -> list[tuple[str, str]]:
    return [(record.place, record.values["text"]) for record in read_records([path], DataBlock(**options))]


def message(path: str, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        records(path, **options)
    return str(caught.value)


def test_a_row_with_wrong_bytes_is_a_bad_row(write, caplog):
    path = write("a.csv", BROKEN)
    assert message(path) == (
        "a.csv:3  is not valid utf-8: the byte 0xE2; 1 of 4 lines are not; to leave such rows out set "
        "data.bad_rows=skip, to read such bytes as U+FFFD: --set data.encoding_errors=replace"
    )
    assert records(path, bad_rows="skip") == [("a.csv:2", "fine – day"), ("a.csv:4", "nice ’s day")]
    assert caplog.messages == ["rows left out, is not valid utf-8: 1 (a.csv:3)"]


def test_wrong_bytes_are_replaced_and_counted(write, caplog):
    path = write("a.csv", BROKEN)
    assert records(path, encoding_errors="replace")[1] == ("a.csv:3", "bad \ufffd day")
    assert caplog.messages == ["rows with characters that do not decode, replaced by U+FFFD: 1 (a.csv:3)"]


def test_the_encoding_of_the_whole_file_is_proposed(write, caplog):
    path = write("a.csv", "text,label\n很好看的电影,x\n太差了,y\n".encode("gb18030"))
    assert message(path) == (
        "a.csv:2  is not valid utf-8: the byte 0xBA; the whole file is valid gb18030: --set data.encoding=gb18030"
    )
    assert records(path, encoding_errors="replace")
    assert caplog.messages[-1] == "a.csv: the whole file is valid gb18030; is that its data.encoding?"


def test_a_file_of_utf_8_with_broken_lines_is_in_no_other_encoding(write):
    rows = b"".join("café n° %d,x\n".encode() % n if n % 2 else b"caf\xe9 n\xb0 %d,x\n" % n for n in range(60))
    found = message(write("a.csv", b"text,label\n" + rows)).split("\n")
    assert "30 of 61 lines are not" in found[0]
    assert "data.encoding=" not in found[0]
    assert found[-1].strip() == "and 20 more rows like these"


def test_wrong_bytes_in_other_formats_have_their_line(write):
    bad = b"\xe2\x80"
    line = b'{"text": "a %b", "label": "x"}\n'
    assert message(write("a.jsonl", line % "é".encode() + line % bad)).startswith("a.jsonl:2  is not valid utf-8")
    assert message(write("a.json", b"[\n" + line.strip() % "é".encode() + b",\n" + line % bad + b"]")).startswith(
        "a.json:3"
    )
    sentence = "é O\n".encode() + b"b" + bad + b" O\n\n"
    with pytest.raises(DataError, match=r"a\.conll:2  is not valid utf-8"):
        list(read_records([write("a.conll", sentence)], DataBlock()))
    assert message(write("a.txt", "é\n".encode() + bad)).startswith("a.txt:2  is not valid")
    assert message(write("b.csv", "text,é".encode() + bad + b"\na,x\n")).startswith("b.csv:1  is not valid utf-8")
    assert records(write("c.txt", "é\n".encode() + bad), bad_rows="skip") == [("c.txt:1", "é")]


def test_surrogates_are_no_characters(write, caplog):
    weibo = "好".encode() + b"\xed\xa0\xbd\xed\xb8\x80"
    path = write("a.txt", "好的\n".encode() + weibo)
    assert records(path, encoding_errors="replace") == [("a.txt:1", "好的"), ("a.txt:2", "好\ufffd")]
    path = write("a.jsonl", '{"text": "好 \\ud83d", "more": ["\\udc80", {"\\ude00": 1}]}\n')
    (record,) = read_records([path], DataBlock(encoding_errors="replace"))
    assert record.values == {"text": "好 \ufffd", "more": ["\ufffd", {"\ufffd": 1}]}
    (record,) = read_records([path], DataBlock())  # what is in columns that are not used does no harm
    assert record.values["text"] == "好 \ud83d"


def test_utf_16_without_a_mark_is_proposed_where_it_is_meant(write):
    path = write("a.csv", "text,label\n好,x\n".encode("utf-16-be"))
    assert "holds a NUL character; the whole file is valid utf-16-be: --set data.encoding=utf-16-be" in message(path)
    assert message(write("b.csv", "text\na\0b\n")) == "b.csv:2  holds a NUL character; take it out"


def test_a_codec_that_is_none_of_files(write):
    assert message(write("a.csv", "text\na\n"), encoding="idna").startswith("data.encoding  idna is no encoding of")
