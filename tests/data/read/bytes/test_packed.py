from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import zipfile

import pyarrow as pa
import pytest

from bertkit.data.read.bytes import packed
from bertkit.data.read.documents import scan
from bertkit.data.read.readers import read_records
from bertkit.data.read.sources import expand
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock


def zstd_of(content: bytes) -> bytes:
    return pa.Codec("zstd").compress(content, asbytes=True)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd_of}
ROWS = b"text,label\nwhere is it,parcel\nmy money,refund\n"


def rows(name: str, block: DataBlock | None = None) -> list[tuple[str, str]]:
    return [(record.place, record.values["text"]) for record in read_records([name], block or DataBlock())]


@pytest.mark.parametrize("ending", PACKERS)
def test_a_packed_file_is_read_as_what_is_in_it(write, ending: str) -> None:
    name = write(f"a.csv.{ending.upper()}", PACKERS[ending](ROWS))
    assert rows(name) == [(f"{name}:2", "where is it"), (f"{name}:3", "my money")]
    twice = write(f"b.csv.{ending}", PACKERS[ending](ROWS) + PACKERS[ending](b"again,parcel\n"))  # as `cat` joins them
    assert len(rows(twice)) == 3


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("damage", [lambda all: all[: len(all) // 2], lambda all: b"text,label\na,b\n"])
def test_a_damaged_one_is_an_error(write, ending: str, damage) -> None:
    noise = random.Random(0).randbytes(50_000).hex().encode()
    name = write(f"a.txt.{ending}", damage(PACKERS[ending](noise)))
    with pytest.raises(DataError, match=rf"{name}:1  can not be read: .+; is it whole, and what its name says\?"):
        rows(name)
    (source,) = expand([name], DataBlock())
    with pytest.raises(DataError, match=rf"{name}  can not be read: "):
        scan(source, DataBlock())


@pytest.mark.parametrize(
    "ending", ["gz", *(pytest.param(one, marks=pytest.mark.slow) for one in (*PACKERS, "zip") if one != "gz")]
)
def test_a_bomb_is_an_error_and_repetitive_texts_are_not(write, monkeypatch, ending: str) -> None:
    pack = PACKERS.get(ending) or (lambda content: zipped({"a.txt": content}))
    monkeypatch.setattr(packed, "BOMB_BYTES", 1_000_000)
    monkeypatch.setattr(packed, "BOMB_RATIO", 2)
    assert len(rows(write(f"a.txt.{ending}" if ending != "zip" else "a.zip", pack(b"text\n" * 150_000)))) == 150_000
    name = write(f"b.txt.{ending}" if ending != "zip" else "b.zip", pack(b"text\n" * 300_000))
    with pytest.raises(DataError, match="it unpacks to more than 2 times its size; unpack it first"):
        rows(name)


def test_parquet_is_read_packed_and_from_standard_input(write) -> None:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table({"text": ["a", "b"]}), sink)
    assert rows(write("a.zip", zipped({"a.parquet": sink.getvalue()}))) == [
        ("a.zip#a.parquet[row 1]", "a"),
        ("a.zip#a.parquet[row 2]", "b"),
    ]


def test_the_only_data_file_of_a_zip_is_read(write, caplog) -> None:
    caplog.set_level("INFO")
    name = write("a.zip", zipped({"d/mine.csv": ROWS, "readme.md": b"x", "__MACOSX/d/._mine.csv": b"x"}))
    assert rows(name) == [("a.zip#d/mine.csv:2", "where is it"), ("a.zip#d/mine.csv:3", "my money")]
    assert caplog.messages == ["a.zip: d/mine.csv is read; other files in it: 1"]


def test_one_of_several_is_named_after_the_hash(write) -> None:
    name = write("a.zip", zipped({"x.csv": ROWS, "y.json": b'{"dev": [{"text": "a"}], "more": []}'}))
    with pytest.raises(DataError, match=r"a\.zip  holds several data files: x\.csv, y\.json; name one: a\.zip#x\.csv"):
        rows(name)
    assert len(rows("a.zip#x.csv")) == 2
    assert rows("a.zip#y.json#dev") == [("a.zip#y.json:1", "a")]
    with pytest.raises(DataError, match=r"a\.zip#z\.csv  no such file in the zip; it holds x\.csv, y\.json"):
        rows("a.zip#z.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"text\na\n", r"a\.zip  can not be read: File is not a zip file"),
        (zipped({}), r"a\.zip  is an empty zip"),
        (zipped({"readme.md": b"x"}), r"a\.zip  holds no data file; it holds readme\.md; a data file has an ending"),
        (zipped({"a.txt": b"x" * 100})[:-40], r"a\.zip  can not be read"),
        (
            zipped({"a.txt": b"text\n" * 9}, zipfile.ZIP_STORED).replace(b"text", b"next", 1),
            r"a\.zip#a\.txt:\d+  can not be read: Bad CRC-32",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_zip_that_can_not_be_used(write, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows(write("a.zip", content))


def test_a_format_reads_the_only_file_without_a_known_ending(write) -> None:
    name = write("a.zip", zipped({"rows.dat": ROWS}))
    assert len(rows(name, DataBlock(format="csv"))) == 2
    with pytest.raises(DataError, match=r"a\.zip#rows\.dat  unknown file ending; name the format"):
        rows("a.zip#rows.dat")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(ROWS), r"a\.csv  is packed \(gz\), which its name does not say; rename it to a\.csv\.gz"),
        (zipped({"x.csv": ROWS}), r"rename it to a\.csv\.zip"),
        (zipped({"xl/workbook.xml": b""}), r"a\.csv  is an Excel file, whatever its name .*--set data\.format=excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), r"a\.csv  is an Excel file, .*--set data\.format=excel"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_name_that_says_something_else(write, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows(write("a.csv", content))


def test_a_password_is_named(write) -> None:
    content = bytearray(zipped({"a.txt": b"text\n"}, zipfile.ZIP_STORED))
    content[6] |= 1  # the bit of the local header and of the directory that says so
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DataError, match=r"can not be read: .*password required"):
        rows(write("a.zip", bytes(content)))
