"""CSV, TSV and any text with delimiters, read strictly: each row keeps all its fields, or is an error with its line.

CSV follows RFC 4180, as Python's csv module reads it: a quoted field may hold delimiters, quotes and newlines. TSV has
no quoting: a `"` is an ordinary character. GLUE and most published TSV files are written so, and reading them as CSV
merges rows. The price: a TSV field can not hold a tab or a newline. The same holds for a delimiter of several
characters (`LABEL ||| text`); `data.quoting` decides otherwise.
"""

from __future__ import annotations

import csv
import functools
import logging
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from bertkit.data.read.lines import lines
from bertkit.data.read.rows import Record, Tally
from bertkit.data.read.sources import Source
from bertkit.data.read.tables.columns import named_rows
from bertkit.errors import DataError, Problem, Setting
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

MAX_FIELD = 2**28
"""Characters of a field, which may have several lines; `data.max_characters` is the limit that names the row."""

STAND_IN = "\ud800"
"""Stands for a delimiter of several characters: the csv module takes one character. No line that was read holds it."""

_SEPARATOR_LINE = re.compile('"?sep=(?P<delimiter>.)"?', re.IGNORECASE)


def _read(source: Source, block: DataBlock, *, delimiter: str, quoting: bool) -> Iterator[Record | Problem]:
    csv.field_size_limit(MAX_FIELD)
    feed = _Feed(source, block)
    delimiter = block.delimiter or feed.delimiter or delimiter
    several = len(delimiter) > 1
    quoting = (quoting and not several) if block.quoting is None else block.quoting
    feed.replaces = delimiter if several else ""
    reader = csv.reader(
        feed,
        delimiter=STAND_IN if several else delimiter,
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        strict=True,
    )
    yield from named_rows(source, block, _rows(source, reader, feed), delimiter, quoting)
    feed.comments.warn()


read_csv = functools.partial(_read, delimiter=",", quoting=True)
read_csv_semicolon = functools.partial(_read, delimiter=";", quoting=True)
read_tsv = functools.partial(_read, delimiter="\t", quoting=False)


class _Feed:
    """The lines of a file for the csv module: without comments and the line `sep=;` of Excel.

    `start` is the line of the row being read, `number` the line read last; a row opens after `new_row`.
    """

    def __init__(self, source: Source, block: DataBlock):
        self._source, self._comment = source, block.comment
        self._lines = lines(source, block)
        self.start = self.number = 0
        self.comments = Tally()
        self.replaces = ""
        self._within = False
        first = next(self._lines, None)
        separator = _SEPARATOR_LINE.fullmatch((first or "").rstrip("\r\n"))
        self.delimiter = separator["delimiter"] if separator else ""
        if separator:
            self.number = 1
            log.info("%s: the delimiter is %r", source.line(1), self.delimiter)
        elif first is not None:
            self._lines = chain([first], self._lines)

    def new_row(self) -> None:
        self._within = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while True:
            line = next(self._lines)
            self.number += 1
            if not self._within and self._comment and line.startswith(self._comment):
                self.comments.add("comment lines skipped", self._source.line(self.number))
                continue
            if not self._within:
                self._within, self.start = True, self.number
            return line.replace(self.replaces, STAND_IN) if self.replaces else line

    def field(self, text: str) -> str:
        """A field as the file has it."""
        return text.replace(STAND_IN, self.replaces) if self.replaces else text


def _rows(source: Source, reader: Any, feed: _Feed) -> Iterator[tuple[str, list[str] | Problem]]:
    """The place where each row starts, and its fields or the problem with its quotes.

    Raises:
        DataError: a quote is never closed, or a row of several lines is wrong: where the next one starts is unknown.
    """
    while True:
        feed.new_row()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The csv module tells these apart by its message alone.
            what, detail, todo = "wrong quotes", str(error), 'write a quote inside a quoted text as ""'
            if "new-line" in detail:
                detail, todo = "a carriage return in a text without quotes", "put the text in quotes"
            elif "unexpected end" in detail:
                what, detail = "a quote opens here and is never closed", ""
                todo = 'close it, or write a quote in a text as ""'
            elif "field larger" in detail:
                what, detail = f"a text of more than {MAX_FIELD:,} characters", ""
                todo = "is a quote never closed?"
            todo, setting = f"{todo}; if the file has no quoting", Setting("data.quoting", False)
            problem = Problem(source.line(feed.start), what, todo, detail.replace(STAND_IN, feed.replaces), setting)
            if feed.number != feed.start:
                raise DataError(problem) from error
            yield source.line(feed.start), problem
        else:
            yield source.line(feed.start), [feed.field(text) for text in fields] if feed.replaces else fields
