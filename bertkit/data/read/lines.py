"""The lines of a text file. A byte that does not decode is kept as half a character, so that its row is known.

`lines` never fails at such a byte, and never drops it: the byte 0xE9 becomes U+DCE9, which no text of any encoding
holds. `WrongBytes` finds these in the rows of a reader: each such row is a bad row, or they are replaced.
"""

from __future__ import annotations

import codecs
import dataclasses
import io
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, BinaryIO

from bertkit.data.read.bytes import encodings
from bertkit.data.read.bytes.packed import check_plain
from bertkit.data.read.formats import BINARY
from bertkit.data.read.rows import Record, Tally, word_place
from bertkit.data.read.sources import Source
from bertkit.errors import DataError, Problem, Setting, did_you_mean
from bertkit.recipe.schema import DataBlock
from bertkit.warn import warn

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

KEEP = "bertkit.keep"
_HALF = re.compile("[\ud800-\udfff]+")
_BYTE = re.compile("[\udc00-\udcff]")
"""A byte that did not decode. JSON may also hold it, as half of an emoji: see `WrongBytes`."""
_REPLACED = "\ufffd"


class Undecodable(DataError):
    """Bytes that are not valid in the encoding of the file."""


def _keep(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(KEEP, _keep)


def lines(source: Source, block: DataBlock) -> Iterator[str]:
    """Lines with their ends, without a byte order mark. A byte that does not decode is kept as U+DC00 + the byte.

    Lines end in LF or CRLF; in a file without any LF, in CR. A CR inside a line is a character of it.

    Raises:
        DataError: the file can not be opened or unpacked, has the mark of another encoding, or holds a NUL.
    """
    number = 0
    try:
        with source.open() as raw, _decoded(raw, source, block.encoding) as stream:
            for number, line in enumerate(_split(stream), 1):
                if "\0" in line:
                    raise _nul(source, source.line(number), block.encoding)
                yield line.removeprefix("\ufeff") if number == 1 else line
    except UnicodeError as error:
        if codecs.lookup(block.encoding).name not in ("utf-16", "utf-32"):
            what = f"{block.encoding} is no encoding of text files"
            raise DataError.at("data.encoding", what, did_you_mean("", COMMON)) from error
        # these two take their byte order from a mark
        what, todo = f"has no byte order mark, which {block.encoding} needs", "if it has none, name the byte order"
        raise Undecodable.at(source.line(1), what, todo, setting=Setting("data.encoding", "utf-16-le")) from error
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        todo = "is it whole, and what its name says?"
        raise DataError.at(source.line(number + 1), f"can not be read: {reason}", todo) from error


def valid_lines(source: Source, block: DataBlock) -> Iterator[str]:
    """The lines, where all must decode.

    Raises:
        Undecodable: one does not, and others that `lines` raises.
    """
    for number, line in enumerate(lines(source, block), 1):
        check_decoded(line, source, source.line(number), block)
        yield line


def check_decoded(text: str, source: Source, place: str, block: DataBlock) -> None:
    """Raise Undecodable if a text that `lines` gave holds a byte that does not decode."""
    if not text.isascii() and _BYTE.search(text):
        raise Undecodable(WrongBytes(source, block).problem(place, text))


def count_wrong(source: Source, block: DataBlock) -> tuple[int, int, int]:
    """Lines, those with bytes that do not decode, and those without but with other characters beyond ASCII."""
    every = wrong = right = 0
    for line in lines(source, block):
        every += 1
        if not line.isascii():
            bad = bool(_BYTE.search(line))
            wrong, right = wrong + bad, right + (not bad)
    return every, wrong, right


def is_damaged(source: Source, block: DataBlock) -> bool:
    """Whether a file is in its encoding but for some lines: those of another encoding are hardly ever valid UTF-8."""
    _, wrong, right = count_wrong(source, block)
    return right > encodings.MOST_BY_CHANCE * wrong


class WrongBytes:
    """What does not decode in the rows of a source: bytes of the file and, where they are replaced, halves of
    characters that JSON can hold (`\\ud83d`)."""

    def __init__(self, source: Source, block: DataBlock):
        self._source, self._block = source, block
        self._has_bytes = source.rows is None and source.format not in (*BINARY, "hub")
        self._pattern = _HALF if block.encoding_errors == "replace" else _BYTE
        self._tally, self._found = Tally(), False

    def check(self, row: Record) -> Record | Problem:
        """The row as it is, the row with U+FFFD for what does not decode, or the problem of such a row.

        Raises:
            Undecodable: the whole file decodes in another encoding, and no bad row is to be left out.
        """
        text = _texts_of(row.values)
        if text.isascii() or not self._pattern.search(text):
            return row
        held = next(filter(None, (_search(self._pattern, cell) for cell in row.values.items())))
        place = word_place(row.place, row.lines, held[0])
        if self._block.encoding_errors == "replace":
            self._found = True
            self._tally.add("rows with characters that do not decode, replaced by U+FFFD", place)
            return dataclasses.replace(row, values=_replaced(row.values))
        if not self._has_bytes or not self._wrong:  # half a character: it matters in columns that are used alone
            return row
        self._found = True
        problem = self.problem(place, held[1])
        if self._other and self._block.bad_rows == "error":
            raise Undecodable(problem)
        return problem

    def problem(self, place: str, text: str) -> Problem:
        """The problem of a row or a line that holds a byte that does not decode."""
        byte = _BYTE.search(text)
        detail = f"the byte 0x{ord(byte[0]) - 0xDC00:02X}" if byte else ""
        what = f"is not valid {self._block.encoding}"
        if self._other:
            setting = Setting("data.encoding", self._other)
            return Problem(place, what, f"the whole file is valid {self._other}", detail, setting)
        count = f"{self._wrong:,} of {self._all:,} lines are not; " if self._all else ""
        todo = f"{count}to leave such rows out set data.bad_rows=skip, to read such bytes as U+FFFD"
        return Problem(place, what, todo, detail, Setting("data.encoding_errors", "replace"))

    def warn(self) -> None:
        """Call after the last row: report what was replaced, and the encoding that the file may have."""
        self._tally.warn()
        if self._found and self._other:
            warn(f"{self._source.name}: the whole file is valid {self._other}; is that its data.encoding?")

    @cached_property
    def _counts(self) -> tuple[int, int, int]:
        return count_wrong(self._source, self._block) if self._source.again else (0, 1, 0)

    @property
    def _all(self) -> int:
        return self._counts[0]

    @property
    def _wrong(self) -> int:
        return self._counts[1]

    @cached_property
    def _other(self) -> str:
        """The encoding in which the whole file decodes, if it does not look like that of the block; else empty."""
        if not self._source.again or is_damaged(self._source, self._block):
            return ""
        return encodings.of_file(self._source.open, self._block.encoding)


def _texts_of(value: Any) -> str:
    """All texts within a value, joined: searching them at once takes a fifth of the time."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if not isinstance(value, list):
        return ""
    try:
        return "".join(value)
    except TypeError:  # it holds more than texts
        return "".join(map(_texts_of, value))


def _search(pattern: re.Pattern[str], value: Any) -> tuple[int | None, str] | None:
    """The first text within a value that matches, and its position in a list of words; None if there is none."""
    if isinstance(value, str):
        return (None, value) if not value.isascii() and pattern.search(value) else None
    if isinstance(value, dict):
        value = tuple(value.items())
    if isinstance(value, list | tuple):
        for position, item in enumerate(value):
            if found := _search(pattern, item):
                return (position if isinstance(value, list) else found[0]), found[1]
    return None


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub(_REPLACED, value)
    if isinstance(value, dict):
        return {_replaced(key): _replaced(item) for key, item in value.items()}
    return [_replaced(item) for item in value] if isinstance(value, list) else value


def _split(stream: io.TextIOWrapper) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE), "")):
        if len(line) == MAX_LINE and not line.endswith("\n"):
            raise EOFError(f"a line of more than {MAX_LINE:,} characters")
        old_mac = number == 0 and not line.endswith("\n")
        yield from re.findall(r"[^\r]*\r|[^\r]+", line) if old_mac else [line]


def _decoded(raw: BinaryIO, source: Source, encoding: str) -> io.TextIOWrapper:
    head = raw.peek(10)[:10]  # type: ignore[attr-defined]
    check_plain(head, source.name, source.plain_file)
    try:
        codec = codecs.lookup(encoding).name
        stream = io.TextIOWrapper(raw, encoding, errors=KEEP, newline="\n")
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


def _nul(source: Source, place: str, encoding: str) -> DataError:
    other = encodings.of_file(source.open, encoding) if source.again else ""
    if other.startswith("utf-16"):
        todo, setting = f"the whole file is valid {other}", Setting("data.encoding", other)
        return DataError(Problem(place, "holds a NUL character", todo, setting=setting))
    return DataError(Problem(place, "holds a NUL character", "take it out"))
