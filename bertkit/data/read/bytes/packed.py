"""Packed files as streams of bytes: .gz, .bz2, .xz and .zst, and one file of a .zip.

A packed file may be a bomb: of a thousandth of what it unpacks to. So each stream has a limit. Zstandard is read by
pyarrow, which `datasets` needs anyway.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from bertkit.errors import DataError, Setting, name_some

PACKED = (".gz", ".bz2", ".xz", ".zst")
"""Endings that may follow that of a format."""
ZIP = ".zip"
BOMB_BYTES, BOMB_RATIO = 2**28, 200
"""A packed file may unpack to so many bytes or, if that is more, so many times its size. Texts are packed to a third,
and very repetitive ones to a fiftieth; the formats allow a thousandth and more."""
BUFFER = 2**17
"""Bytes that are unpacked at a time."""

_OF_EXCEL = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
"""Files in an Excel or OpenDocument file, which is a zip."""
_OTHERS = {
    b"\x1f\x8b\x08": "gz",
    b"BZh91AY&SY": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
    b"PK\x03\x04": "zip",
}
"""First bytes -> the ending of a packed file."""
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def is_packed(file: Path) -> bool:
    """Whether the file's name says that it is packed."""
    return file.suffix.lower() in (*PACKED, ZIP)


def unpack(file: Path, inner: str = "") -> BinaryIO:
    """The bytes that a packed file holds. The stream can `peek` but may not be seekable.

    Args:
        inner: the file in a .zip.

    Raises:
        OSError, EOFError: it can not be unpacked, here or while it is read.
    """
    most = max(BOMB_BYTES, BOMB_RATIO * file.stat().st_size) if file.is_file() else math.inf
    outer = file.open("rb")
    try:
        with _as_os_errors():
            stream = _stream(outer, file.suffix.lower(), inner)
    except BaseException:
        outer.close()
        raise
    return cast(BinaryIO, io.BufferedReader(_Limited(stream, outer, most), BUFFER))


def check_size(size: float, packed: float) -> None:
    """Raise an EOFError if so few packed bytes can not hold so much."""
    if size > max(BOMB_BYTES, BOMB_RATIO * packed):
        raise EOFError(f"it unpacks to more than {BOMB_RATIO} times its size; unpack it first if that is right")


def files_in(file: Path) -> list[str]:
    """The names of the files in a .zip, without those that a system hides or adds.

    Raises:
        DataError: it can not be read.
    """
    try:
        with _as_os_errors(), zipfile.ZipFile(file) as packed:
            names = [one.filename for one in packed.infolist() if not one.is_dir()]
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError.at(str(file), f"can not be read: {reason}", "is it whole, and what its name says?") from error
    return [name for name in names if not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))]


def check_plain(head: bytes, name: str, file: Path | None) -> None:
    """Raise a DataError if the first bytes of what should be a text are those of a packed or an Excel file.

    Args:
        head: ten bytes or more.
        file: where the bytes are from, if it is a file that is not packed itself.
    """
    ending = next((ending for magic, ending in _OTHERS.items() if head.startswith(magic)), "")
    if head.startswith(_OLD_EXCEL) or (ending == "zip" and is_excel(file)):
        what, todo = "is an Excel file, whatever its name says", "give it its own ending, or"
        raise DataError.at(name, what, todo, setting=Setting("data.format", "excel"))
    if ending:
        raise DataError.at(name, f"is packed ({ending}), which its name does not say", f"rename it to {name}.{ending}")


def is_excel(file: Path | None) -> bool:
    """Whether the first bytes and the parts of a file are those of Excel or OpenDocument, whatever its name."""
    if file is None or not file.is_file():
        return False
    with file.open("rb") as stream:
        head = stream.read(8)
    if head == _OLD_EXCEL:
        return True
    if not head.startswith(b"PK"):
        return False
    try:
        return any(name in _OF_EXCEL for name in files_in(file))
    except DataError:
        return False


def choose(file: Path, name: str, asked: str, known: list[str]) -> tuple[str, str]:
    """The file in a .zip that is meant, and what follows it in `asked`: `b.json#train` -> (`b.json`, `train`).

    Args:
        name: of the .zip, for messages.
        asked: what follows the `#`; empty: the only one.
        known: names in it of files that can be read.

    Raises:
        DataError: it has no such file, none that can be read, or several.
    """
    inside = files_in(file)
    if asked:
        parts = asked.split("#")
        starts = ["#".join(parts[:count]) for count in range(len(parts), 0, -1)]
        if inner := next((start for start in starts if start in inside), ""):
            return inner, asked[len(inner) + 1 :]
        raise DataError.at(f"{name}#{asked}", "no such file in the zip", f"it holds {name_some(inside)}")
    if len(known) == 1:
        return known[0], ""
    if not known:
        what = f"holds no data file; it holds {name_some(inside)}" if inside else "is an empty zip"
        raise DataError.at(name, what, "a data file has an ending such as .csv")
    raise DataError.at(name, f"holds several data files: {name_some(known)}", f"name one: {name}#{known[0]}")


def _stream(outer: BinaryIO, ending: str, inner: str) -> Any:
    if ending == ".gz":
        return gzip.GzipFile(fileobj=outer)
    if ending == ".bz2":
        return bz2.BZ2File(outer)
    if ending == ".xz":
        return lzma.LZMAFile(outer)
    if ending == ".zst":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.PythonFile(outer, mode="r"), "zstd")
    return zipfile.ZipFile(outer).open(inner)


@contextlib.contextmanager
def _as_os_errors() -> Iterator[None]:
    """What the libraries below raise for a damaged file, as one kind."""
    try:
        yield
    except (zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError, KeyError) as error:
        raise EOFError(error.args[0] if error.args else type(error).__name__) from error


class _Limited(io.RawIOBase):
    """The stream of an unpacked file, up to a limit."""

    def __init__(self, stream: Any, outer: BinaryIO, most: float):
        self._stream, self._outer, self._most, self._count = stream, outer, most, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _as_os_errors():
            part = self._stream.read(len(buffer))
        self._count += len(part)
        if self._count > self._most:
            check_size(math.inf, 0)
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._outer.close()
        super().close()
