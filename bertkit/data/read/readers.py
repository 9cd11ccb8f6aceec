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
from dataclasses import replace
from typing import Any

from bertkit import plugins
from bertkit.data.read.annotations import recognise, webanno
from bertkit.data.read.annotations.brat import read_brat
from bertkit.data.read.annotations.docbin import read_docbin
from bertkit.data.read.arrow import read_arrow, read_parquet
from bertkit.data.read.conll import read_conll
from bertkit.data.read.fasttext import PREFIX, read_fasttext
from bertkit.data.read.folders import read_folders
from bertkit.data.read.formats import format_of
from bertkit.data.read.hub import read_hub
from bertkit.data.read.json import read_json, read_jsonl, read_squad
from bertkit.data.read.lines import WrongBytes, lines
from bertkit.data.read.rows import BadRows, Record
from bertkit.data.read.sources import Source, expand
from bertkit.data.read.tables.csv import read_csv, read_csv_semicolon, read_tsv
from bertkit.data.read.tables.sheets import read_excel
from bertkit.errors import BertkitError, DataError, PluginError, Problem
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

Reader = Callable[[Source, DataBlock], Iterable[Record | Problem]]


def read_text(source: Source, block: DataBlock) -> Iterator[Record]:
    """One row per line, in the column `text`. A blank line is an empty text, so answers stay aligned with lines.

    A file whose first line begins with `__label__` is fastText's.
    """
    for number, line in enumerate(lines(source, block), 1):
        if number == 1 and line.startswith(PREFIX) and not block.format and source.again:
            log.info("%s: lines begin with %s, read as data.format=fasttext", source.name, PREFIX)
            yield from read_fasttext(source, block)
            return
        yield Record(source.line(number), number, {"text": line.rstrip("\r\n")})


OF_TOOLS: dict[str, Callable[..., Iterator[Record | Problem]]] = {
    "brat": read_brat,
    "webanno": webanno.read_webanno,
    "docbin": read_docbin,
}
"""Formats of annotation tools alone. Their readers also take the count of what is left out, and whether rows must have
answers; the tools that write json, jsonl or csv are recognised by their rows (annotations/recognise.py)."""

READERS: dict[str, Reader | Callable[..., Iterator[Record | Problem]]] = {
    "csv": read_csv,
    "csv-semicolon": read_csv_semicolon,
    "tsv": read_tsv,
    "jsonl": read_jsonl,
    "json": read_json,
    "parquet": read_parquet,
    "arrow": read_arrow,
    "excel": read_excel,
    "text": read_text,
    "fasttext": read_fasttext,
    "conll": read_conll,
    "squad": read_squad,
    "folders": read_folders,
    "hub": read_hub,
    **OF_TOOLS,
}

ROWS = "rows"
"""Name of a source that needs none: all rows are in it."""
TABLES = ("csv", "csv-semicolon", "tsv")
_TEXTS = (*TABLES, "jsonl", "json", "text", "fasttext", "conll", "squad", "folders")
KEYS = {
    "header": (*TABLES, "jsonl", "json", "conll", "excel"),
    "encoding": _TEXTS,
    "encoding_errors": _TEXTS,
    "delimiter": TABLES,
    "quoting": TABLES,
    "comment": TABLES,
    "extra_columns": TABLES,
    "glued_digits": ("conll",),
}
"""Key of `data:` -> the formats of `READERS` that it is for; a key that is not here is for all."""

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


def read(source: Source, block: DataBlock, bad: BadRows, *, answers: bool = False) -> Iterator[Record]:
    """The rows of one source; those that can not be read go to `bad`, and so does what annotation tools leave open.

    Args:
        answers: whether the rows must have answers. Those that an annotator rejected or left open are then left out.
    """
    if source.key and source.format in READERS and source.format not in KEYED:
        todo = f"name the file alone: {source.name}"
        raise DataError.at(f"{source.name}#{source.key}", f"a {source.format} file has no parts to choose", todo)
    _check_header(block)
    empty, passed, wrong = True, bad.passed, WrongBytes(source, block)
    for row in _rows(source, block, bad, answers):
        empty = False
        if isinstance(row, Record):
            row = wrong.check(row)
        if isinstance(row, Problem):
            bad.add(row)
        elif isinstance(row, Record):
            yield row
        else:
            what = f"{source.format} yields {type(row).__name__}, not bertkit.data.read.rows.Record"
            raise PluginError.at("data.format", what, "yield Record(place, number, values)")
    wrong.warn()
    if empty and bad.passed == passed:
        raise DataError.at(source.name, "no rows", "is this the right file?")


def _rows(source: Source, block: DataBlock, bad: BadRows, answers: bool) -> Iterator[Any]:
    """What the reader yields; an exception in a user's own reader becomes a PluginError."""
    if source.rows is not None:
        place = source.row if source.name != ROWS else "row {}".format
        yield from (Record(place(number), number, values) for number, values in enumerate(source.rows, 1))
        return
    reader: Reader = plugins.find("reader", source.format, where="data.format")
    if not block.format and source.format in ("tsv", "csv", "text") and webanno.opens(source):
        log.info("%s: WebAnno's TSV", source.name)
        source = replace(source, format="webanno")
    if source.format in OF_TOOLS:
        yield from OF_TOOLS[source.format](source, block, bad, answers=answers)
        return
    if source.format in READERS:
        rows = reader(source, block)
        known = source.format in recognise.FORMATS
        yield from recognise.recognised(rows, source, block, bad, answers=answers) if known else rows
        return
    try:
        yield from reader(source, block)
    except BertkitError:
        raise
    except Exception as error:
        what = f"{source.name}: {source.format} {plugins.raised(error)}"
        raise PluginError.at("data.format", what, "a reader is a generator (source, block) of Records") from error


def check_keys(sources: Sequence[str], block: DataBlock) -> None:
    """Check that each key of the block is for the format of at least one of the sources.

    Formats are known by the names of the files: folders, globs and standard input may hold any.

    Raises:
        DataError: keys that have no effect.
    """
    formats = {format_of(source, block) for source in sources}
    if not sources or not formats <= {*READERS}:
        return
    problems = []
    for key, wanted in KEYS.items():
        default = DataBlock.model_fields[key].default
        if getattr(block, key) != default and not formats & {*wanted}:
            what = f"has no effect on {', '.join(sorted(formats))}: it is for {', '.join(wanted)}"
            problems.append(Problem(f"data.{key}", what, "leave it out"))
    if problems:
        raise DataError(*problems)


def _check_header(block: DataBlock) -> None:
    names = block.header or []
    for name, count in Counter(names).items():
        if not name.strip() or count > 1:
            what = f"the name {name!r} is empty or occurs twice"
            raise DataError.at("data.header", what, "each column needs its own")
