"""Data files with some values changed, and all else left byte for byte: csv, tsv, jsonl and CoNLL line by line.

JSON and SQuAD's layout are written anew as a whole, with the indentation that they had.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bertkit.data.columns.mapping import names_of
from bertkit.data.read.readers import read
from bertkit.data.read.rows import BadRows, Record
from bertkit.data.read.sources import Source
from bertkit.data.read.squad import layout
from bertkit.errors import DataError, did_you_mean
from bertkit.recipe.schema import DataBlock

Change = dict[str, Any] | None
"""Column of the file -> its new value; None: the row is taken out."""
_SPACES = re.compile("([ \t]+)")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", ("utf-8", "utf-8-sig")),
    (codecs.BOM_UTF32_LE, "utf-32-le", ("utf-32",)),
    (codecs.BOM_UTF32_BE, "utf-32-be", ("utf-32",)),
    (codecs.BOM_UTF16_LE, "utf-16-le", ("utf-16",)),
    (codecs.BOM_UTF16_BE, "utf-16-be", ("utf-16",)),
)
"""Mark -> the encoding that follows it, and those of `data.encoding` that take it for a mark."""
_SEPARATOR_LINE = re.compile('"?sep=.', re.IGNORECASE)


def changed(source: Source, block: DataBlock, changes: Mapping[int, Change]) -> bytes:
    """The bytes of a file with changes.

    Args:
        changes: number of a row, from 1, as its reader counts it -> what becomes of it.

    Raises:
        DataError: a format that can not be changed, or a value that it can not hold.
    """
    writer = WRITERS.get(source.format)
    if writer is None or source.key or source.plain_file is None:
        todo = f"convert it to one of {', '.join(WRITERS)}, and find errors there"
        raise DataError.at(source.name, f"corrections can not be written into {source.format} files like this", todo)
    mark, encoding, raw = _encoded(source.plain_file.read_bytes(), block.encoding)
    try:
        return mark + writer(raw.decode(encoding), source, block, changes).encode(encoding)
    except UnicodeError as error:
        todo = "write it in UTF-8 first" if isinstance(error, UnicodeEncodeError) else "see data.encoding"
        raise DataError.at(source.name, f"can not be written in {block.encoding}: {error}", todo) from error


def _encoded(raw: bytes, encoding: str) -> tuple[bytes, str, bytes]:
    """The mark of byte order that a file begins with, the encoding of what follows, and that: so a file keeps both."""
    name = codecs.lookup(encoding).name
    for mark, follows, declared in _MARKS:
        if name in declared and raw.startswith(mark):
            return mark, follows, raw[len(mark) :]
    without = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}  # which would write a mark
    return b"", without.get(name, name), raw


def _records(source: Source, block: DataBlock, changes: Mapping[int, Change]) -> dict[int, Record]:
    """The records that change, by number."""
    bad = BadRows("skip")
    return {one.number: one for one in read(source, block, bad) if one.number in changes}


def _lines(text: str) -> list[str]:
    """The lines with their ends, as the readers count them."""
    end = "\n" if "\n" in text else "\r"
    return [line for line in re.split(f"(?<={end})", text) if line]


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _line_of(place: str) -> int:
    """The number of the line in a place, from 0."""
    return int(place.rpartition(":")[2]) - 1


def _table(text: str, source: Source, block: DataBlock, changes: Mapping[int, Change]) -> str:
    lines = _lines(text)
    tab = source.format == "tsv"
    first = next(iter(lines), "")
    delimiter = block.delimiter or ("\t" if tab else ";" if source.format == "csv-semicolon" else ",")
    if _SEPARATOR_LINE.match(first) and not block.delimiter:
        delimiter = first.lstrip('"')[4]
    several = len(delimiter) > 1
    quoting = (not tab and not several) if block.quoting is None else block.quoting and not several
    for number, record in _records(source, block, changes).items():
        start = _line_of(record.place)
        cells, end = _row_at(lines, start, delimiter, quoting=quoting)
        change, ending = changes[number], _ending(lines[end - 1])
        lines[start:end] = [""] * (end - start)
        if change is None:
            continue
        values = {**record.values, **{name: "" if v is None else str(v) for name, v in change.items()}}
        cells = [*map(str, values.values()), *cells[len(values) :]]  # those beyond the header were not read
        if not quoting and any(mark in cell for cell in cells for mark in (delimiter, "\n", "\r")):
            what = "a value with a delimiter or a line end, in a table without quotes"
            raise DataError.at(record.place, what, "choose another value")
        lines[start] = _row(cells, delimiter, quoting) + ending
    return "".join(lines)


def _row_at(lines: Sequence[str], start: int, delimiter: str, *, quoting: bool) -> tuple[list[str], int]:
    """The cells of a row, and the line after its last one: there may be line ends in quotes."""
    if not quoting:
        return lines[start].rstrip("\r\n").split(delimiter), start + 1
    reader = csv.reader(iter(lines[start:]), delimiter=delimiter)
    return next(reader), start + reader.line_num


def _row(cells: Sequence[str], delimiter: str, quoting: bool) -> str:
    if not quoting:
        return delimiter.join(cells)
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerow(cells)  # quotes its own line ends alone
    return stream.getvalue().removesuffix("\r\n")


def _jsonl(text: str, source: Source, block: DataBlock, changes: Mapping[int, Change]) -> str:
    lines = _lines(text)
    try:
        first = json.loads(next(filter(str.strip, lines), "null"))
    except json.JSONDecodeError as error:
        what = "objects over several lines, one after the other, can not be changed"
        raise DataError.at(source.name, what, "write one object per line, or a list of them") from error
    if layout([first], source) is not None:
        what = "lines of articles or paragraphs can not be changed"
        raise DataError.at(source.name, what, "write one question per line, or SQuAD's JSON")
    for number, record in _records(source, block, changes).items():
        at, change = _line_of(record.place), changes[number]
        if change is None:
            lines[at] = ""
            continue
        value = json.loads(lines[at])
        _put_all(value, change, record.place)
        lines[at] = json.dumps(value, ensure_ascii=lines[at].isascii()) + _ending(lines[at])
    return "".join(lines)


def _json(text: str, source: Source, block: DataBlock, changes: Mapping[int, Change]) -> str:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise DataError.at(source.name, f"broken JSON: {error}") from error
        return _jsonl(text, source, block, changes)
    found = layout(value, source)
    places = _places(*found) if found else _rows(value, source)
    gone: dict[int, tuple[list[Any], list[int]]] = {}
    for number, change in changes.items():
        rows, at = places[number - 1]
        if change is None:
            gone.setdefault(id(rows), (rows, []))[1].append(at)
        else:
            _put_all(rows[at], change, source.row(number))
            if found and "is_impossible" in rows[at] and "answers" in change:
                rows[at]["is_impossible"] = not change["answers"]
    for rows, numbers in gone.values():
        for at in sorted(numbers, reverse=True):
            del rows[at]
    indent = re.search(r"\n( +|\t+)\S", text)
    how: Any = indent[1] if indent and "\t" in indent[1] else len(indent[1]) if indent else None
    return json.dumps(value, indent=how, ensure_ascii=text.isascii()) + ("\n" if text.endswith("\n") else "")


def _rows(value: Any, source: Source) -> list[tuple[list[Any], int]]:
    """The list that holds each row, and where."""
    if isinstance(value, dict):
        lists = [one for one in value.values() if isinstance(one, list) and any(isinstance(row, dict) for row in one)]
        value = lists[0] if len(lists) == 1 else None
    if not isinstance(value, list):
        raise DataError.at(source.name, "corrections need a list of rows", "write the rows as JSON lines")
    return [(value, at) for at in range(len(value))]


def _places(items: Any, keys: Sequence[str]) -> list[tuple[list[Any], int]]:
    """The list that holds each question, and where, in their order."""
    if not keys:
        return [(items, at) for at in range(len(items))]
    return [place for item in items for place in _places(item.get(keys[0], []), keys[1:])]


def _conll(text: str, source: Source, block: DataBlock, changes: Mapping[int, Change]) -> str:
    """Tags are changed word by word; a change is `{column: tags}`, of all words of the sentence."""
    lines = _lines(text)
    records = list(read(source, block, BadRows("skip")))
    tabs = any("\t" in lines[line - 1].strip() for record in records for line in record.lines or ())
    for record in records:
        if record.number not in changes:
            continue
        change, at = changes[record.number], record.lines or []
        if change is None:
            for line in [*at, at[-1] + 1]:
                if line <= len(lines) and (line in at or not lines[line - 1].strip()):
                    lines[line - 1] = ""
            continue
        names = [name for name in record.values if name != "document"]
        for name, values in change.items():
            if name not in names:
                raise DataError.at(record.place, f"no column {name}", did_you_mean(name, names))
            old = record.values[name]
            for line, before, after in zip(at, old, values, strict=True):
                if before != after:
                    lines[line - 1] = _with_field(lines[line - 1], names.index(name), after, tabs)
    return "".join(lines)


def _with_field(line: str, column: int, value: str, tabs: bool) -> str:
    body, ending = line.rstrip("\r\n"), _ending(line)
    if tabs:
        fields = body.split("\t")
        fields[column] = value
        return "\t".join(fields) + ending
    start = body[: len(body) - len(body.lstrip(" \t"))]
    parts = _SPACES.split(body.lstrip(" \t"))
    parts[2 * column] = value
    return start + "".join(parts) + ending


def _put_all(value: Any, change: dict[str, Any], place: str) -> None:
    for name, new in change.items():
        if not _put(value, name.split("."), new):
            raise DataError.at(place, f"no column {name} to write into")


def _put(value: Any, keys: list[str], new: Any) -> bool:
    """Set a value inside of objects and lists, as data/columns/paths.py finds it; false: there is none."""
    if isinstance(value, list) and keys[0].isdecimal() and int(keys[0]) < len(value):
        if len(keys) > 1:
            return _put(value[int(keys[0])], keys[1:], new)
        value[int(keys[0])] = new
        return True
    for count in range(len(keys), 0, -1) if isinstance(value, dict) else ():
        if (key := ".".join(keys[:count])) in value:
            if count < len(keys):
                return _put(value[key], keys[count:], new)
            value[key] = new
            return True
    return False


WRITERS: dict[str, Callable[[str, Source, DataBlock, Mapping[int, Change]], str]] = {
    "csv": _table,
    "csv-semicolon": _table,
    "tsv": _table,
    "jsonl": _jsonl,
    "json": _json,
    "squad": _json,
    "conll": _conll,
}
"""Format -> `(text, source, block, changes) -> text`."""


def column_of(block: DataBlock, name: str) -> list[str]:
    """The columns of a file that a column of the task is read from."""
    return names_of(block.columns.get(name, name))
