from __future__ import annotations

import gzip

import pytest

from bertkit.data.read.lines import lines
from bertkit.data.read.sources import expand
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock


def read(path: str, encoding: str = "utf-8") -> list[str]:
    block = DataBlock(encoding=encoding)
    return [line for source in expand([path], block) for line in lines(source, block)]


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
    expected = r"a\.txt:5001  the byte 0xE9 is not valid utf-8; .*--set data\.encoding=latin-1"
    with pytest.raises(DataError, match=expected):
        read(path)


def test_encoded_surrogates_are_wrong_bytes(write):
    with pytest.raises(DataError, match=r"a\.txt:1  the byte 0xED"):
        read(write("a.txt", b"\xed\xa0\x80"))


def test_cut_utf_16(write):
    with pytest.raises(DataError, match=r"a\.txt:2  a part of it is not valid utf-16"):
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
    from bertkit.data.read import packed

    monkeypatch.setattr(packed, "BOMB_BYTES", 100_000)
    assert len(read(write("a.txt.gz", gzip.compress(b"text\n" * 20_000)))) == 20_000
    with pytest.raises(DataError, match=r"b\.txt\.gz:\d+  can not be read: it unpacks to more than 200 times its size"):
        read(write("b.txt.gz", gzip.compress(b"text\n" * 200_000)))
