"""Parquet: a piece is an Arrow stream, with the types that its own values have; joined, all pieces get one type.

A column with values of different types, which Arrow can not hold, or with objects without keys, which Parquet can not
hold, becomes texts of JSON, in all pieces. Arrays of numbers, such as vectors, become lists of a fixed size.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bertkit.fs import without_nan
from bertkit.inference.bulk.formats import HALF, Format, Piece, Row, columns_of

log = logging.getLogger("bertkit")

GROUP = 65_536
"""Rows of a row group, at least: what a reader holds in memory at once."""
LARGEST = 128 * 2**20
"""Bytes from which a row group is large enough with fewer rows: 65,536 vectors of 1,024 numbers would be twice that."""
WHY = b"bertkit.json"
"""Key in the metadata of a column that was written as JSON texts; its value says why."""
DIFFERENT, KEYLESS = "values of different types", "objects without keys"


class Parquet(Format):
    arrays = True

    def piece(self, rows: Sequence[Row], columns: Sequence[str]) -> Piece:
        import pyarrow as pa

        whole = [_whole(without_nan({name: row.get(name) for name in columns})) for row in rows]
        halves = sum(changed for _, changed in whole)
        fields, arrays = [], []
        for name in columns:
            array, why = _array([row[name] for row, _ in whole])
            fields.append(pa.field(HALF.sub("\ufffd", name), array.type, metadata={WHY: why} if why else None))
            arrays.append(array)
        table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        payload = sink.getvalue().to_pybytes()
        return Piece([*table.column_names], {"halves": halves}, lambda: payload)

    def join(self, pieces: Sequence[Piece], file: Path) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        schema, texts = _schema(pieces)
        waiting: list[Any] = []
        with parquet.ParquetWriter(file, schema) as writer:
            for number, piece in enumerate(pieces, 1):
                waiting.append(_with_schema(_table(piece), schema, texts))
                large = sum(map(len, waiting)) >= GROUP or sum(table.nbytes for table in waiting) >= LARGEST
                if large or number == len(pieces):
                    writer.write_table(pa.concat_tables(waiting), row_group_size=2 * GROUP)
                    waiting = []


def _whole(row: Row) -> tuple[Row, bool]:
    """The row with a replacement for each half of a character (a lone surrogate), and whether it has any."""

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return {whole(key): whole(item) for key, item in value.items()}
        if isinstance(value, list):
            return [whole(item) for item in value]
        return HALF.sub("\ufffd", value) if isinstance(value, str) and not value.isascii() else value

    changed = {name: whole(value) for name, value in row.items()}
    return changed, changed != row


def _array(values: list[Any]) -> tuple[Any, str]:
    """Values as an Arrow array, and why they had to become JSON texts, if so."""
    import pyarrow as pa

    if any(isinstance(value, np.ndarray) for value in values):
        return _vectors(values), ""
    try:
        array = pa.array(values)
        if "struct<>" not in str(array.type):
            return array, ""
        why = KEYLESS
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # a whole number beyond 64 bits
        why = DIFFERENT
    return pa.array(map(_json, values), pa.string()), why


def _vectors(values: list[Any]) -> Any:
    """Arrays of one size, or None, as lists of that size."""
    import pyarrow as pa

    first = next(value for value in values if value is not None)
    zeros = np.zeros_like(first)  # stands where there is none: a list of a fixed size has its place there too
    flat = pa.array(np.concatenate([zeros if value is None else value for value in values]))
    missing = pa.array([value is None for value in values])
    return pa.FixedSizeListArray.from_arrays(flat, len(first), mask=missing)


def _why(field: Any) -> str:
    return (field.metadata or {}).get(WHY, b"").decode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _table(piece: Piece) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(piece.payload()).read_all()


def _schema(pieces: Sequence[Piece]) -> tuple[Any, set[str]]:
    """The schema of all pieces, and the columns that are texts of JSON."""
    import pyarrow as pa

    kinds: dict[str, list[Any]] = {name: [] for name in columns_of(pieces)}
    schemas = [pa.ipc.open_stream(piece.payload()).schema for piece in pieces]
    for schema in schemas:
        for field in schema:
            if not any(field.equals(one, check_metadata=True) for one in kinds[field.name]):
                kinds[field.name].append(field)
    fields, texts = [], set()
    for name, found in kinds.items():
        field = _united(name, found)
        if field is not None and len(found) > 1 and not all(_fits(piece, name, field.type) for piece in pieces):
            field = None
        if field is None:
            texts.add(name)
            log.warning("column %s: %s, written as JSON texts", name, next(filter(None, map(_why, found)), DIFFERENT))
        fields.append(pa.field(name, pa.string()) if field is None else field)
    return pa.schema(fields), texts


def _united(name: str, found: Sequence[Any]) -> Any | None:
    """The type that holds all of these; None: only texts do."""
    import pyarrow as pa

    if any(map(_why, found)):
        return None
    try:
        return pa.unify_schemas([pa.schema([field]) for field in found], promote_options="permissive").field(name)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None


def _fits(piece: Piece, name: str, kind: Any) -> bool:
    import pyarrow as pa

    try:
        table = _table(piece)
        if name in table.column_names:
            table[name].cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # a whole number too large for a float
        return False
    return True


def _with_schema(table: Any, schema: Any, texts: set[str]) -> Any:
    import pyarrow as pa

    columns = []
    for field in schema:
        if field.name not in table.column_names:
            missing = ["null"] * len(table) if field.name in texts else [None] * len(table)
            columns.append(pa.chunked_array([pa.array(missing, field.type)]))
        elif field.name in texts and not _why(table.schema.field(field.name)):
            columns.append(pa.chunked_array([pa.array(map(_json, table[field.name].to_pylist()), pa.string())]))
        else:
            columns.append(table[field.name].cast(field.type))
    return pa.Table.from_arrays(columns, schema=schema)
