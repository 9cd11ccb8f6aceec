"""Parquet and Arrow files, batch by batch.

In a file written by `datasets`, the schema gives the class names of columns of class numbers; the rows then hold the
names, which mean the same in every file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from bertkit.data.read.rows import Record
from bertkit.data.read.sources import Source
from bertkit.errors import DataError
from bertkit.files.json_file import parse
from bertkit.recipe.schema import DataBlock

BATCH = 1_000
"""Rows in memory as Python objects at a time."""


def read_parquet(source: Source, block: DataBlock) -> Iterator[Record]:
    """A Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def batches(source: Source) -> Iterator[Any]:
        with pq.ParquetFile(source.plain_file or pa.BufferReader(_bytes(source))) as file:
            yield file.schema_arrow
            yield from file.iter_batches(BATCH)

    return _read(source, block, batches)


def read_arrow(source: Source, block: DataBlock) -> Iterator[Record]:
    """An Arrow file (Feather) or stream (what `Dataset.save_to_disk` writes)."""
    import pyarrow as pa

    def batches(source: Source) -> Iterator[Any]:
        file = source.plain_file
        with pa.memory_map(str(file)) if file else pa.BufferReader(_bytes(source)) as mapped:
            magic = mapped.read(6)
            mapped.seek(0)
            if magic == b"ARROW1":
                file = pa.ipc.open_file(mapped)
                yield file.schema
                yield from map(file.get_batch, range(file.num_record_batches))
            else:
                stream = pa.ipc.open_stream(mapped)
                yield stream.schema
                yield from stream

    return _read(source, block, batches)


def records(source: Source, tables: Iterable[Any], features: dict[str, Any]) -> Iterator[Record]:
    """The rows of Arrow tables or record batches.

    Args:
        source: for the places of the rows.
        tables: in order.
        features: column -> its feature, as in `datasets`' `Features.to_dict()`, with the class names.
    """
    number = 0
    for table in tables:
        for start in range(0, table.num_rows, BATCH):  # a batch of a file may have any size
            table.slice(start, BATCH).validate(full=True)  # offsets of a damaged file lead out of its memory
            for values in named_classes(table.slice(start, BATCH).to_pylist(), features):
                number += 1
                yield Record(source.row(number), number, values)


def named_classes(rows: Iterable[dict[str, Any]], features: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows with the names of classes in place of their numbers (`features` as in `records`)."""
    names = {column: classes for column, feature in features.items() if (classes := _class_names(feature))}
    return [{**row, **{name: _named(row[name], names[name]) for name in names if name in row}} for row in rows]


def _read(source: Source, block: DataBlock, batches: Any) -> Iterator[Record]:
    import pyarrow as pa

    try:
        tables = batches(source)
        schema = next(tables)
        twice = next((name for name, count in Counter(schema.names).items() if count > 1), None)
        if twice is not None:
            raise DataError.at(source.name, f"has two columns named {twice!r}", "rename one")
        features = {} if block.label_ids else _features(source, schema.metadata or {})
        yield from records(source, tables, features)
    except (pa.ArrowException, OSError, EOFError, OverflowError) as error:  # the latter: a date beyond year 9999
        todo = "is this the right file, and whole?"
        raise DataError.at(source.name, f"can not be read as {source.format}: {error}", todo) from error


def _bytes(source: Source) -> bytes:
    """The whole file: what is packed or comes in a stream can not be read from its end, as these formats are."""
    with source.open() as stream:
        return stream.read()


class _Info(BaseModel):
    features: dict[str, Any] = {}


class _HuggingFace(BaseModel):
    """What `datasets` writes into a file beside the rows."""

    info: _Info = _Info()


def _features(source: Source, metadata: dict[bytes, bytes]) -> dict[str, Any]:
    try:
        parsed = parse(metadata.get(b"huggingface", b"{}"), _HuggingFace, nan=True)
    except ValueError as error:
        todo = "--set data.label_ids=true takes the numbers of classes as they are"
        raise DataError.at(source.name, f"its metadata of class names can not be used: {error}", todo) from error
    return parsed.get("info", {}).get("features", {})


def _class_names(feature: Any) -> list[str]:
    """Class names of a `ClassLabel`, or of a list of these; else an empty list."""
    while isinstance(feature, dict) and feature.get("_type") != "ClassLabel":
        feature = feature.get("feature")
    names = feature.get("names") if isinstance(feature, dict) else None
    return names if isinstance(names, list) else []


def _named(value: Any, names: list[str]) -> Any:
    """Class numbers -> names. A hidden label (-1) is None."""
    if isinstance(value, list):
        return [_named(item, names) for item in value]
    if value is None or (isinstance(value, int) and value < 0):
        return None
    if not isinstance(value, int) or value >= len(names):
        what = f"{value!r:.40} is not the number of one of the {len(names)} class names"
        raise DataError.at("class names", what, "is the file whole, and its metadata its own?")
    return names[value]
