"""A table of corrections as spreadsheets save it: with commas, semicolons or tabs, in UTF-8 or UTF-16."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path
from typing import NamedTuple

from bertkit.data.read.tables.csv import MAX_FIELD

DELIMITERS = ",;\t"
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Sheet(NamedTuple):
    """What a table holds."""

    columns: list[str]
    rows: list[dict[str, str]]


def read_sheet(file: Path) -> Sheet:
    """The rows of a table, with the delimiter that its first line has most of.

    Raises:
        OSError: it can not be read.
        UnicodeDecodeError, csv.Error: it is no such table.
    """
    raw = file.read_bytes()
    text = raw.decode("utf-16" if raw.startswith(_WIDE) else "utf-8-sig")
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    csv.field_size_limit(MAX_FIELD)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    return Sheet(columns, list(reader))
