"""The formats of predictions. A table is written in pieces of some thousand rows, which are joined at the end.

A piece is in the final format already, so joining texts is copying. Only a piece without a column that others have is
written again.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from bertkit.data.columns.label_cells import joined
from bertkit.data.read.conll import DOCUMENT
from bertkit.data.read.tables.csv import MAX_FIELD
from bertkit.display import visible
from bertkit.engine.examples import Counts
from bertkit.errors import DataError
from bertkit.fs import without_nan

HALF = re.compile("[\ud800-\udfff]")
"""Half of a character, as JSON may have it: no encoding can write it."""
BREAKS = "\t\r\n\0"
"""Characters that a word in a CoNLL file, or a cell in a table without quotes, can not hold."""
_BREAK = re.compile(f"[{BREAKS}]+")
_FORMULA = tuple("=+-@\t\r")
"""How a cell begins that a spreadsheet would execute."""
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?%?")
"""A number is none, though it may begin with a sign."""

Row = dict[str, Any]


class Piece(NamedTuple):
    """Some rows of a table, in its format."""

    columns: list[str]
    counts: Counts
    """What of the rows could not be written as it is."""
    payload: Callable[[], bytes]


class Format(ABC):
    """How a table is written."""

    arrays: ClassVar[bool] = False
    """Whether a cell may be an array of numbers."""

    @abstractmethod
    def piece(self, rows: Sequence[Row], columns: Sequence[str]) -> Piece:
        """Rows as a piece.

        Args:
            columns: of the table; a row may lack some.
        """

    @abstractmethod
    def join(self, pieces: Sequence[Piece], file: Path) -> None:
        """Write pieces one after the other, with the columns of all of them. Each payload is read once or twice."""

    def messages(self, counts: Counts, rows: int) -> list[str]:
        """What the user should know of the counts of all pieces, of so many rows."""
        if halves := counts.get("halves"):
            return [f"{halves:,} rows hold half a character, written as \ufffd; a .jsonl keeps it"]
        return []


class Lines(Format):
    """JSON lines; a row that can not be written as it is has `\\u` escapes.

    Args:
        screen: they go to standard output, which may have another encoding, or be a terminal that obeys characters.
    """

    def __init__(self, *, screen: bool = False):
        self.screen = screen

    def piece(self, rows: Sequence[Row], columns: Sequence[str]) -> Piece:
        payload = self.text(rows).encode("utf-8", "replace")
        return Piece([], {}, lambda: payload)

    def text(self, rows: Iterable[Row]) -> str:
        """One line per row."""
        encoding = (getattr(sys.stdout, "encoding", None) if self.screen else None) or "utf-8"
        texts = []
        for row in rows:
            row = without_nan(row)
            text = json.dumps(row, ensure_ascii=False, default=str)
            try:
                text.encode(encoding)
                plain = not self.screen or visible(text) == text
            except UnicodeEncodeError:
                plain = False
            texts.append(text if plain else json.dumps(row, default=str))
        return "".join(f"{text}\n" for text in texts)

    def join(self, pieces: Sequence[Piece], file: Path) -> None:
        _concatenate(pieces, file)


@dataclass
class Csv(Format):
    """Texts with a delimiter.

    Args:
        separator: joins a list in a cell, as labels are read again; None: it is JSON, as words and choices are.
        delimiter: a tab: there are no quotes, as bertkit reads such files, and line ends and tabs become spaces.
        excel: for a spreadsheet: with a byte order mark, and a `'` before what it would execute.
    """

    separator: str | None = ","
    delimiter: str = ","
    excel: bool = False

    def piece(self, rows: Sequence[Row], columns: Sequence[str]) -> Piece:
        counts = {"halves": 0, "breaks": 0}
        lines = []
        for row in rows:
            cells = [self._cell(row.get(name)) for name in columns]
            whole = [HALF.sub("\ufffd", cell) if not cell.isascii() else cell for cell in cells]
            counts["halves"] += whole != cells
            if self.delimiter == "\t":
                plain = [_BREAK.sub(" ", cell) for cell in whole]
                counts["breaks"] += plain != whole
                whole = plain
            lines.append(self._line(whole))
        payload = "".join(lines).encode()
        return Piece([*columns], counts, lambda: payload)

    def join(self, pieces: Sequence[Piece], file: Path) -> None:
        columns = columns_of(pieces)
        header = [HALF.sub("\ufffd", self._cell(name)) for name in columns]
        if self.delimiter == "\t":
            header = [_BREAK.sub(" ", name) for name in header]
        with file.open("wb") as stream:
            stream.write(self._line(header).encode("utf-8-sig" if self.excel else "utf-8"))
            for piece in pieces:
                same = piece.columns == columns
                stream.write(piece.payload() if same else self._with_columns(piece, columns))

    def messages(self, counts: Counts, rows: int) -> list[str]:
        found = super().messages(counts, rows)
        if breaks := counts.get("breaks"):
            found.append(f"{breaks:,} rows hold tabs or line ends, written as spaces; a .csv keeps them")
        return found

    def _with_columns(self, piece: Piece, columns: Sequence[str]) -> bytes:
        csv.field_size_limit(MAX_FIELD)
        text = io.StringIO(piece.payload().decode(), newline="")
        tabs = self.delimiter == "\t"
        rows = (line.rstrip("\n").split("\t") for line in text) if tabs else csv.reader(text, strict=True)
        named = (dict(zip(piece.columns, cells, strict=True)) for cells in rows)
        return "".join(self._line([row.get(name, "") for name in columns]) for row in named).encode()

    def _line(self, cells: Sequence[str]) -> str:
        if self.delimiter == "\t":
            return "\t".join(cells) + "\n"
        stream = io.StringIO()
        # Python quotes a cell for its own line ends alone (until 3.13), but a CR ends a line for every reader.
        every = any("\r" in cell for cell in cells)
        writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL)
        writer.writerow(cells)
        return stream.getvalue()

    def _cell(self, value: Any) -> str:
        value = without_nan(value)
        if self.separator and isinstance(value, list) and all(isinstance(item, str) for item in value):
            text = str(joined(value, self.separator))
        elif isinstance(value, dict | list):
            text = json.dumps(value, ensure_ascii=False, default=str)
        else:
            text = "" if value is None else str(value)
        executed = self.excel and isinstance(value, str | list) and text.lstrip("'").startswith(_FORMULA)
        return f"'{text}" if executed and not _NUMBER.fullmatch(text) else text


class Conll(Format):
    """One `word<TAB>tag` per line, and an empty line after each sentence; nothing else of the rows."""

    def piece(self, rows: Sequence[Row], columns: Sequence[str]) -> Piece:
        counts = {"halves": 0, "empty": 0}
        written = []
        for number, row in enumerate(rows, 1):
            for word in row["tokens"]:
                if word == DOCUMENT or not set(BREAKS).isdisjoint(word):
                    what = f"a word that CoNLL can not hold: {word!r:.40}"
                    raise DataError.at(str(row.get("place") or f"row {number}"), what, "write a .jsonl")
            text = "\n".join(map("\t".join, zip(row["tokens"], row["tags"], strict=True)))
            counts["empty"] += not row["tokens"]
            counts["halves"] += bool(HALF.search(text))
            written += [HALF.sub("\ufffd", text) + "\n\n"] if row["tokens"] else []
        payload = "".join(written).encode()
        return Piece([], counts, lambda: payload)

    def join(self, pieces: Sequence[Piece], file: Path) -> None:
        _concatenate(pieces, file)

    def messages(self, counts: Counts, rows: int) -> list[str]:
        found = super().messages(counts, rows)
        if empty := counts.get("empty"):
            found.append(f"{empty:,} of {rows:,} rows have no words: they are left out of the CoNLL file")
        return found


def columns_of(pieces: Iterable[Piece]) -> list[str]:
    """The columns of all pieces, in the order in which they first occur."""
    return list(dict.fromkeys(name for piece in pieces for name in piece.columns))


def _concatenate(pieces: Sequence[Piece], file: Path) -> None:
    with file.open("wb") as stream:
        for piece in pieces:
            shutil.copyfileobj(io.BytesIO(piece.payload()), stream)
