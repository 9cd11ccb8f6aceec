"""Exports of annotation tools are recognised by the keys of their first rows, and read as rows with the tasks' columns.

A file that has none of these shapes is left as it is. A column that `data.columns` names stays as the file has it.
"""

from __future__ import annotations

import functools
import itertools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bertkit.data.read.annotations import dataturks, doccano, label_studio, prodigy, spacy
from bertkit.data.read.annotations.export import Convert
from bertkit.data.read.rows import BadRows, Record, Unusable
from bertkit.data.read.sources import Source
from bertkit.errors import Problem
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

EXPORTS = (label_studio.EXPORT, prodigy.EXPORT, dataturks.EXPORT, spacy.EXPORT, doccano.EXPORT)
"""Tried in this order: doccano's shapes are the plainest."""

FORMATS = ("json", "jsonl", "csv", "tsv")
"""Formats whose rows may be such an export."""

LOOK = 100
"""Rows that are looked at to recognise an export: an empty list of labels does not show its shape."""


def recognised(
    rows: Iterable[Record | Problem], source: Source, block: DataBlock, bad: BadRows, *, answers: bool
) -> Iterator[Record | Problem]:
    """The rows of a file, converted if they are a tool's export; a part that is malformed is the problem of its row.

    Args:
        bad: counts what is not used.
        answers: whether the rows must have answers. Then those without an annotation are left out and counted.
    """
    rows = iter(rows)
    first = list(itertools.islice(rows, LOOK))
    shown = [row.values for row in first if isinstance(row, Record)]
    export = next((export for export in EXPORTS if any(map(export.fits, shown))), None)
    rows = itertools.chain(first, rows)
    if export is None:
        yield from rows
    else:
        log.info("%s: %s export", source.name, export.whose)
        names = block.columns.values()
        asked = {name for named in names for name in ([named] if isinstance(named, str) else named)}
        yield from _converted(rows, export.opened(shown, asked), asked, bad, answers=answers)


def _converted(
    rows: Iterable[Record | Problem], convert: Convert, asked: set[str], bad: BadRows, *, answers: bool
) -> Iterator[Record | Problem]:
    asked = asked | {name.partition(".")[0] for name in asked}
    for row in rows:
        if isinstance(row, Record):
            try:
                values, left_out = convert(row.values, functools.partial(bad.note, place=row.place))
            except Unusable as error:
                row = error.at(row.place)
            else:
                if left_out and answers:
                    bad.pass_over(left_out, row.place)
                    continue
                kept = {name: value for name, value in row.values.items() if name in asked and name not in values}
                row = replace(row, values={**values, **kept})
        yield row
