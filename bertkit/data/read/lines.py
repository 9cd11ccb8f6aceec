"""The lines of a text file, decoded strictly: an undecodable byte is an error with its line, never replaced."""

from __future__ import annotations

import codecs
import io
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from bertkit.data.read.sources import Source
from bertkit.errors import BertkitError, DataError, Setting, did_you_mean
from bertkit.recipe.schema import DataBlock

MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # before utf-16, whose mark it opens with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order mark at the start of a file -> its encoding."""

MAX_LINE = 2**30
"""Characters of a line. A longer one is no text, but would fill the memory: a device, an image of a disk."""

COMMON = ("utf-8", "utf-16", "latin-1", "cp1252", "gb18030", "big5", "shift_jis", "euc-kr", "koi8-r")

# Python decodes a wrong byte 0xE9 to this range when asked to carry on, so the line that holds it is known; asking it
# to stop would tell no more than the place within a block of 8 kB.
_WRONG_BYTE = re.compile("[\udc80-\udcff]")


class Undecodable(DataError):
    """Bytes that are not valid in the encoding of the file."""


def lines(source: Source, block: DataBlock) -> Iterator[str]:
    """Decoded lines with their ends, without a byte order mark.

    Lines end in LF or CRLF; in a file without any LF, in CR. A CR inside a line is a character of it.

    Raises:
        DataError: the file can not be opened or unpacked, is in another encoding, or holds a NUL.
    """
    number = 0
    try:
        with source.open() as raw, _decoded(raw, source, block.encoding) as stream:
            for number, line in enumerate(_split(stream), 1):
                if "\0" in line:
                    todo, setting = "take it out", None
                    if line.count("\0") > len(line) / 3:
                        todo, setting = "is the file UTF-16?", Setting("data.encoding", "utf-16-le")
                    raise DataError.at(source.line(number), "holds a NUL character", todo, setting=setting)
                if not line.isascii() and (wrong := _WRONG_BYTE.search(line)):
                    raise _undecodable(source.line(number), f"the byte 0x{ord(wrong[0]) - 0xDC00:02X}", block.encoding)
                yield line.removeprefix("\ufeff") if number == 1 else line
    except UnicodeDecodeError as error:  # codecs such as utf-16 do not carry on after a wrong byte
        raise _undecodable(source.line(number + 1), "a part of it", block.encoding) from error
    except UnicodeError as error:  # utf-16 and utf-32 take their byte order from a mark
        what, todo = f"has no byte order mark, which {block.encoding} needs", "if it has none, name the byte order"
        raise Undecodable.at(source.line(1), what, todo, setting=Setting("data.encoding", "utf-16-le")) from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        todo = "is it whole, and what its name says?"
        raise DataError.at(source.line(number + 1), f"can not be read: {reason}", todo) from error


def _split(stream: io.TextIOWrapper) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), "")):
        if len(line) == MAX_LINE and not line.endswith("\n"):
            raise EOFError(f"a line of more than {MAX_LINE:,} characters")
        old_mac = number == 0 and not line.endswith("\n")
        yield from re.findall(r"[^\r]*\r|[^\r]+", line) if old_mac else [line]


def _decoded(raw: BinaryIO, source: Source, encoding: str) -> io.TextIOWrapper:
    head = raw.peek(4)[:4]  # type: ignore[attr-defined]
    try:
        codec = codecs.lookup(encoding).name
        stream = io.TextIOWrapper(raw, encoding, errors="surrogateescape", newline="\n")
    except LookupError as error:
        what = f"no such text encoding: {encoding}"
        raise DataError.at("data.encoding", what, did_you_mean(encoding, COMMON)) from error
    for mark, true_codec in MARKS.items():
        if head.startswith(mark):
            if not codec.startswith(true_codec):
                what = f"opens with the byte order mark of {true_codec}, but is read as {encoding}"
                raise DataError.at(source.line(1), what, setting=Setting("data.encoding", true_codec))
            break
    return stream


def _undecodable(where: str, what: str, encoding: str) -> BertkitError:
    what = f"{what} is not valid {encoding}"
    if encoding == "latin-1":
        return Undecodable.at(where, what)
    todo = "if the file is in another encoding, name it (gb18030 for Chinese)"
    return Undecodable.at(where, what, todo, setting=Setting("data.encoding", "latin-1"))
