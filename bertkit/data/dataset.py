"""Sources -> a `Dataset` with the task's canonical columns.

Rows are read from the file every time: `datasets`' own cache gives stale rows if a file is rewritten within a second.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from bertkit.data.canonical import Canonical
from bertkit.data.columns.column import Column
from bertkit.data.columns.mapping import check_mapping
from bertkit.data.columns.values import Values
from bertkit.data.read.folders import find_classes
from bertkit.data.read.hub import check_hub
from bertkit.data.read.readers import read
from bertkit.data.read.rows import BadRows, Tally
from bertkit.data.read.sources import Source, expand
from bertkit.data.stream import stream
from bertkit.errors import together
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from datasets import Dataset

BATCH = 10_000
"""Rows in memory as Python objects at a time."""


def load(
    sources: Sequence[str | Source],
    columns: Sequence[Column],
    block: DataBlock,
    *,
    answers: bool = True,
    train: bool = False,
) -> Dataset:
    """Read all rows of `sources`, in order.

    Args:
        sources: see `sources.expand`.
        columns: the task's. An optional column is included if the first row has it; then all rows must.
        block: how to read them; its `train`, `validation` and `test` are ignored.
        answers: whether the rows hold answers. If not, answer columns are not read, and empty texts are accepted.
        train: whether they are trained on: one answer of a question then needs a place in its text.

    Returns:
        The columns that the rows have, by canonical name (column.py says what each kind holds), then `row` (number of
        the row in its source, from 1), `place` (`file:line`) and, if a source has them, `id` (str) and `lines` (of
        each word, in CoNLL; see `rows.word_place`). It is in memory, without a cache on disk.

    Raises:
        DataError: a source, a column or a row that can not be used.
    """
    import pyarrow as pa
    from datasets import Dataset

    taken = stream(sources, columns, block, answers=answers, train=train)
    rows: Iterator[dict[str, Any]] = (one.row for one in taken if one.row is not None)
    first = next(rows)
    schema = _schema([column for column in columns if column.name in first])
    rows, batches = itertools.chain([first], rows), []
    while some := list(itertools.islice(rows, BATCH)):
        batches.append(pa.RecordBatch.from_pylist(some, schema))
    table = pa.Table.from_batches(batches, schema)
    return Dataset(table.drop_columns([c for c in ("id", "lines") if table[c].null_count == len(table)]))


def _schema(columns: Sequence[Column]) -> Any:
    """The types of these columns in Arrow, and of those that every row has."""
    import pyarrow as pa

    text, start = pa.string(), ("start", pa.int64())
    kinds = {
        "text": text,
        "label": text,
        "number": pa.float64(),
        "choice": pa.int64(),
        **dict.fromkeys(("labels", "words", "tags", "choices", "texts"), pa.list_(text)),
        "answers": pa.list_(pa.struct([("text", text), start])),
        "spans": pa.list_(pa.struct([start, ("end", pa.int64()), ("label", text)])),
    }
    own = {column.name: kinds[column.kind] for column in columns}
    return pa.schema({**own, "row": pa.int64(), "place": text, "id": text, "lines": pa.list_(pa.int64())})


def check_sources(sources: Sequence[str], columns: Sequence[Column], block: DataBlock, *, look: bool = True) -> None:
    """Check that sources are there and, with `look`, that their first rows have the task's columns. No more is read.

    Raises:
        DataError: a source or a column is missing.
    """
    check_mapping(columns, block)
    values = Values(block, Tally())

    def check(source: Source) -> None:
        if source.format == "hub":
            check_hub(source)
        elif look and source.file and source.file.is_file():  # a pipe can be read only once
            records = read(source, block, BadRows("skip"))
            for first in itertools.islice(records, 1):
                Canonical(columns, block, values, answers=True).open(source, first, records)

    names = [source for source in sources if source != "-"]
    together(*(partial(check, source) for source in expand(find_classes(names, columns, block), block)))
