"""READERS: the function that reads each format, as rows with their places.

A reader is a function `(source, block) -> rows`: it yields a `Record` per row, or a `Problem` for a row that can not be
read, and raises a `DataError` if the whole file is unusable. Your own reader is the same, named in `data.format`
(`./mine.py:read`), and may use as much of `block` as makes sense for it:

    def read(source, block):
        for number, line in enumerate(lines(source, block), 1):
            text, label = line.rsplit("|", 1)
            yield Record(source.line(number), number, {"text": text, "label": label})
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from bertkit import plugins
from bertkit.data.read.arrow import read_arrow, read_parquet
from bertkit.data.read.conll import read_conll
from bertkit.data.read.folders import read_folders
from bertkit.data.read.hub import read_hub
from bertkit.data.read.json import read_json, read_jsonl, read_squad
from bertkit.data.read.lines import lines
from bertkit.data.read.rows import BadRows, Record
from bertkit.data.read.sources import Source, expand
from bertkit.data.read.tables.csv import read_csv, read_csv_semicolon, read_tsv
from bertkit.data.read.tables.sheets import read_excel
from bertkit.errors import BertkitError, DataError, PluginError, Problem
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

Reader = Callable[[Source, DataBlock], Iterable[Record | Problem]]


def read_text(source: Source, block: DataBlock) -> Iterator[Record]:
    """One row per line, in the column `text`. A blank line is an empty text, so answers stay aligned with lines."""
    for number, line in enumerate(lines(source, block), 1):
        yield Record(source.line(number), number, {"text": line.rstrip("\r\n")})


READERS: dict[str, Reader] = {
    "csv": read_csv,
    "csv-semicolon": read_csv_semicolon,
    "tsv": read_tsv,
    "jsonl": read_jsonl,
    "json": read_json,
    "parquet": read_parquet,
    "arrow": read_arrow,
    "excel": read_excel,
    "text": read_text,
    "conll": read_conll,
    "squad": read_squad,
    "folders": read_folders,
    "hub": read_hub,
}

KEYED = ("json", "squad", "hub", "excel", "folders")
"""Formats whose source may name a part after `#`: a key, a sheet, a table of labels or a split."""


def read_records(sources: Sequence[str], block: DataBlock) -> Iterator[Record]:
    """All rows of all sources (see `sources.expand` for what a source may be), in their order.

    Raises:
        DataError: a source can not be found or read, has no rows, or has rows that can not be read (the first ten are
            shown, the others counted; with `block.bad_rows` "skip" they are left out, with a warning).
        ExtraError: a source belongs to a package that is not installed.
        PluginError: `block.format` names no reader.
    """
    bad = BadRows(block.bad_rows)
    for source in expand(sources, block):
        yield from read(source, block, bad)
    bad.settle()


def read(source: Source, block: DataBlock, bad: BadRows) -> Iterator[Record]:
    """The rows of one source; those that can not be read go to `bad`."""
    if source.key and source.format in READERS and source.format not in KEYED:
        todo = f"name the file alone: {source.name}"
        raise DataError.at(f"{source.name}#{source.key}", f"a {source.format} file has no parts to choose", todo)
    _check_header(block)
    empty = True
    for row in _rows(source, block):
        empty = False
        if isinstance(row, Problem):
            bad.add(row)
        elif isinstance(row, Record):
            yield row
        else:
            what = f"{source.format} yields {type(row).__name__}, not bertkit.data.read.rows.Record"
            raise PluginError.at("data.format", what, "yield Record(place, number, values)")
    if empty:
        raise DataError.at(source.name, "no rows", "is this the right file?")


def _rows(source: Source, block: DataBlock) -> Iterator[Any]:
    """What the reader yields; an exception in a user's own reader becomes a PluginError."""
    if source.rows is not None:
        yield from (Record(f"row {number}", number, values) for number, values in enumerate(source.rows, 1))
        return
    reader: Reader = plugins.find("reader", source.format, where="data.format")
    if source.format in READERS:
        yield from reader(source, block)
        return
    try:
        yield from reader(source, block)
    except BertkitError:
        raise
    except Exception as error:
        what = f"{source.name}: {source.format} {plugins.raised(error)}"
        raise PluginError.at("data.format", what, "a reader is a generator (source, block) of Records") from error


def _check_header(block: DataBlock) -> None:
    names = block.header or []
    for name, count in Counter(names).items():
        if not name.strip() or count > 1:
            what = f"the name {name!r} is empty or occurs twice"
            raise DataError.at("data.header", what, "each column needs its own")
