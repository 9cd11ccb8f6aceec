"""Documents of any files -> rows of an index: ids, texts and columns with one type each."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertkit.data.columns.column import Column
from bertkit.data.read.sources import Source
from bertkit.data.stream import stream
from bertkit.errors import DataError, Parameter, Problem, did_you_mean
from bertkit.recipe.schema import DataBlock
from bertkit.search.index.store import ID, OWN, ROW, TEXT, VECTOR

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (Column(TEXT, "text"),)


@dataclass(frozen=True)
class Documents:
    """What is indexed.

    Args:
        source: see `sources.expand`.
        block: how its rows are read.
        title: a column whose text stands before the document's.
        columns: columns to keep beside the text; None: all.
    """

    source: str
    block: DataBlock
    title: str | None = None
    columns: tuple[str, ...] | None = None


@dataclass
class Overview:
    """What a look at all documents found."""

    count: int = 0
    kinds: dict[str, set[type]] = field(default_factory=dict)
    numbered: bool = False


def rows_of(sources: Sequence[Source], documents: Documents) -> Iterator[dict[str, Any]]:
    """The documents, in order."""
    for number, taken in enumerate(stream(sources, COLUMNS, documents.block, keeps_all=True, paced=False), 1):
        yield _row(taken.row or {}, taken.values, documents, number)


def look_at(sources: Sequence[Source], documents: Documents) -> Overview:
    """Read all documents, and check what can be checked without a model."""
    look, places = Overview(), dict[str, str]()
    twice: list[Problem] = []
    without = 0
    for number, taken in enumerate(stream(sources, COLUMNS, documents.block, keeps_all=True), 1):
        row = taken.row or {}
        look.count, place, own = number, str(row["place"]), row.get("id")
        for name, value in _row(row, taken.values, documents, number).items():
            look.kinds.setdefault(name, set()).update([] if value is None else [type(value)])
        if own is None:
            without += 1
        elif (before := places.setdefault(str(own), place)) != place:
            twice.append(Problem(place, f"the id {own} stands at {before} too", "give each document its own"))
    if twice:
        raise DataError(*twice[:5], *([Problem(documents.source, f"ids that stand twice: {len(twice):,}")]))
    if 0 < without < look.count:
        raise DataError.at(documents.source, f"{without:,} of {look.count:,} documents have no id", "give each one")
    look.numbered = without > 0
    _check_columns(look, documents)
    return look


def _check_columns(look: Overview, documents: Documents) -> None:
    if own := sorted({*OWN} & {*look.kinds}):
        raise DataError.at(documents.source, f"a column is called {own[0]}, as one of the index", "rename it")
    for name, option in ((documents.title, "title"), *((name, "columns") for name in documents.columns or ())):
        if name and name not in look.kinds:
            what = f"{name}: the documents have no such column"
            raise DataError.at(Parameter(option), what, did_you_mean(name, look.kinds))


def _row(row: dict[str, Any], values: dict[str, Any], documents: Documents, number: int) -> dict[str, Any]:
    """A document: its id, its text and the columns to keep."""
    source = documents.block.columns.get(TEXT, TEXT)
    ids = documents.block.columns.get("id", "id")
    kept = {name: value for name, value in values.items() if name not in (source, ids, ID, TEXT)}
    if documents.columns is not None:
        kept = {name: value for name, value in kept.items() if name in documents.columns or name == documents.title}
    own = str(row["id"]) if row.get("id") is not None else str(number)
    return {ID: own, TEXT: row[TEXT], **{name: _plain(value) for name, value in kept.items()}}


def _plain(value: Any) -> Any:
    """A value as a column holds it: what is neither a number, a date nor a text becomes JSON."""
    if value is None or isinstance(value, (bool, int, float, str, datetime.date)):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def schema_of(look: Overview, size: int) -> pa.Schema:
    import pyarrow as pa

    kinds = {ID: pa.string(), TEXT: pa.large_string()}
    fields = [pa.field(name, kinds.get(name) or _kind(found)) for name, found in look.kinds.items()]
    return pa.schema([*fields, pa.field(VECTOR, pa.list_(pa.float32(), size)), pa.field(ROW, pa.int64())])


def _kind(found: set[type]) -> pa.DataType:
    """The type of a column with values of these types."""
    import pyarrow as pa

    if found and found <= {int, float}:
        return pa.int64() if found == {int} else pa.float64()
    single = {bool: pa.bool_(), datetime.datetime: pa.timestamp("us"), datetime.date: pa.date32()}
    return single.get(next(iter(found))) or _texts(found) if len(found) == 1 else pa.string()


def _texts(found: set[type]) -> pa.DataType:
    import pyarrow as pa

    return pa.list_(pa.string()) if found == {list} else pa.string()


def as_kind(value: Any, kind: pa.DataType) -> Any:
    """A value as a column of that type gives it back."""
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return float(value) if pa.types.is_floating(kind) and isinstance(value, int) else value


def column_of(rows: list[dict[str, Any]], field: pa.Field, source: str) -> pa.Array:
    """Raises DataError for a value that a column of the index can not hold."""
    import pyarrow as pa

    values = [as_kind(row.get(field.name), field.type) for row in rows]
    try:
        return pa.array(values, field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        what = f"the column {field.name} holds {field.type} in the index: {error}"
        raise DataError.at(source, what, "write it so, or leave it out with --columns") from error
