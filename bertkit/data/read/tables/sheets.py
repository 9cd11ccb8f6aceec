"""Excel's .xlsx, .xlsm, .xlsb and .xls and OpenDocument's .ods, by python-calamine (extra `excel`).

Cells become the texts that they would be in a csv file: 3.0 is `3`, a date `2024-05-01`, true and false are in lower
case. A formula is its last value as it was saved. A cell with an error (#N/A) is an empty one, as the library has it.
The price: a sheet is read whole.
"""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from bertkit import extras
from bertkit.data.read.bytes.packed import check_size
from bertkit.data.read.rows import Record, Tally
from bertkit.data.read.sources import Source, placeholders
from bertkit.errors import DataError, Setting, did_you_mean, name_some
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

WHOLE = 2**53
"""From here on a float no longer holds each whole number."""


def read_excel(source: Source, block: DataBlock) -> Iterator[Record]:
    """The rows of one sheet, below the names of its columns: `file.xlsx#Sheet`, or the only sheet that has rows.

    A row's place is `file.xlsx#Sheet:17`, as Excel counts it. Empty rows are skipped, and so are columns without a
    name and a value.

    Raises:
        DataError: the file can not be read, has no such sheet or several, or a column has no name or that of another.
        ExtraError: python-calamine is not installed.
    """
    name, cells = _sheet(source)
    rows = [(number, [_text(cell) for cell in row]) for number, row in enumerate(cells, 1)]
    filled = [(number, row) for number, row in rows if any(map(str.strip, row))]
    if not filled:
        return
    first, header = filled[0]
    width = max(column for _, row in filled for column, cell in enumerate(row, 1) if cell.strip())
    given = [str(number) for number in range(1, width + 1)] if block.header is False else block.header
    names = given or _header(header, [row for _, row in filled[1:]], f"{name}:{first}")
    used = [column for column, title in enumerate(names) if title]
    if given and len(names) != width:
        what = f"data.header names {len(names)} columns, the sheet has {width}"
        raise DataError.at(name, what, f"name {width} columns", setting=Setting("data.header", placeholders(width)))
    blank = Tally()
    for number in range(first, filled[-1][0]):
        if not any(map(str.strip, rows[number - 1][1])):
            blank.add("empty rows skipped", f"{name}:{number}")
    for count, (number, row) in enumerate(filled if given else filled[1:], 1):
        yield Record(f"{name}:{number}", count, {names[column]: row[column] for column in used})
    blank.warn()


def _sheet(source: Source) -> tuple[str, list[list[Any]]]:
    """The name of the sheet, for places, and its rows from the first one on."""
    library: Any = extras.need("python_calamine", extra="excel", feature=source.name)
    try:
        with source.open() as stream:
            content = stream.read()
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                check_size(sum(part.file_size for part in packed.infolist()), len(content))
        book = library.CalamineWorkbook.from_filelike(io.BytesIO(content))
        tables = [sheet.name for sheet in book.sheets_metadata if sheet.typ == library.SheetTypeEnum.WorkSheet]
        name = source.key or _only(source, book, tables)
        if name not in tables:
            raise DataError.at(f"{source.name}#{name}", "no such sheet", did_you_mean(name, tables))
        return f"{source.name}#{name}", book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except library.PasswordError as error:
        todo = "save it without one, or as csv"
        raise DataError.at(source.name, "is protected by a password", todo) from error
    except (OSError, EOFError, zipfile.BadZipFile, library.CalamineError) as error:
        reason = getattr(error, "strerror", None) or error
        todo = "is it a whole file of Excel or OpenDocument?"
        raise DataError.at(source.name, f"can not be read: {reason}", todo) from error


def _only(source: Source, book: Any, tables: list[str]) -> str:
    """The only sheet that has rows, or the first one where none has.

    Raises:
        DataError: several have rows, or it has no sheets of cells.
    """
    filled = [name for name in tables if book.get_sheet_by_name(name).height > 0]
    shown = [one.name for one in book.sheets_metadata if str(one.visible).endswith("Visible") and one.name in filled]
    if shown and len(shown) < len(filled):
        log.info("%s: hidden sheets skipped: %d", source.name, len(filled) - len(shown))
        filled = shown
    if len(filled) > 1:
        what = f"has several sheets with rows: {name_some(filled)}"
        raise DataError.at(source.name, what, f"name one: '{source.name}#{filled[0]}'")
    if not tables:
        raise DataError.at(source.name, "has no sheet of cells", "is this the right file?")
    return (filled or tables)[0]


def _header(row: list[str], below: list[list[str]], place: str) -> list[str]:
    """The names of the columns; an empty text for a column without a name and a value.

    Raises:
        DataError: two columns have one name.
    """
    names = [" ".join(cell.split()) for cell in row]
    for column, title in enumerate(names):
        if not title and any(cells[column].strip() for cells in below):
            names[column] = next(free for free in placeholders(len(names) + column + 1)[column:] if free not in names)
            log.info("%s: column %d has no name and is called %s", place, column + 1, names[column])
    twice = next((title for title in names if title and names.count(title) > 1), None)
    if twice is not None:
        todo, setting = "rename one; if this is no row of names", Setting("data.header", placeholders(len(names)))
        raise DataError.at(place, f"two columns are named {twice!r}", todo, setting=setting)
    return names


def _text(cell: Any) -> str:
    """A cell as a csv file would hold it."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < WHOLE:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)
