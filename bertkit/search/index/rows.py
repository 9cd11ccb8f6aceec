"""Documents of any files -> rows of an index: ids, texts and columns with one type each."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertkit.data.columns.column import Column
from bertkit.data.read.sources import Source
from bertkit.data.stream import stream
from bertkit.errors import DataError, Parameter, Problem, did_you_mean
from bertkit.recipe.schema import DataBlock
from bertkit.search.index.store import ID, ROW, TEXT, VECTOR

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (Column(TEXT, "text"),)
TABLES = ("csv", "tsv")
"""Formats in which a number is a text."""
RESERVED = ("_distance", "_relevance_score", "_rowaddr", "_rowid", "_rowoffset", "_score")
"""Names that LanceDB gives to columns of its own."""
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,18})")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)")


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
    names: dict[str, None] = field(default_factory=dict)
    """All columns of the input."""
    clash: set[str] = field(default_factory=set)
    """Columns to keep that have the name of the index's own."""
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
    as_texts = all(source.format in TABLES for source in sources)
    for number, taken in enumerate(stream(sources, COLUMNS, documents.block, keeps_all=True), 1):
        row = taken.row or {}
        look.count, place, own = number, str(row["place"]), _id(row)
        look.names.update(dict.fromkeys(taken.values))
        look.clash |= {ID, TEXT} & {*_kept(taken.values, documents)}
        for name, value in _row(row, taken.values, documents, number).items():
            look.kinds.setdefault(name, set()).update(_kinds_of(value, as_texts and name not in (ID, TEXT)))
        if not own:
            without += 1
        elif (before := places.setdefault(own, place)) != place:
            twice.append(Problem(place, f"the id {own} stands at {before} too", "give each document its own"))
    if twice:
        raise DataError(*twice[:5], *([Problem(documents.source, f"ids that stand twice: {len(twice):,}")]))
    if 0 < without < look.count:
        raise DataError.at(documents.source, f"{without:,} of {look.count:,} documents have no id", "give each one")
    look.numbered = without > 0
    _check_columns(look, documents)
    return look


def _check_columns(look: Overview, documents: Documents) -> None:
    for name, option in ((documents.title, "title"), *((name, "columns") for name in documents.columns or ())):
        if name and name not in look.names:
            what = f"{name}: the documents have no such column"
            raise DataError.at(Parameter(option), what, did_you_mean(name, look.names))
    if documents.title == documents.block.columns.get(TEXT, TEXT):
        raise DataError.at(Parameter("title"), f"{documents.title}: is the column of the text", "leave it out")
    todo = "rename it, or leave it out: --columns with those to keep"
    for name in look.kinds:
        if (
            not name
            or any(sign in name for sign in ".`\"'")
            or name.casefold() in RESERVED
            or name.casefold().startswith("bertkit_")
        ):
            raise DataError.at(documents.source, f"an index can not have a column called {name!r}", todo)
    if look.clash:
        what = f"has a further column called {min(look.clash)}, as one of the index"
        raise DataError.at(documents.source, what, todo)


def _kept(values: dict[str, Any], documents: Documents) -> dict[str, Any]:
    """The columns of a document beside its id and its text."""
    mapped = documents.block.columns
    kept = {name: value for name, value in values.items() if name not in (mapped.get(TEXT, TEXT), mapped.get("id", ID))}
    if documents.columns is None:
        return kept
    return {name: value for name, value in kept.items() if name in documents.columns or name == documents.title}


def _row(row: dict[str, Any], values: dict[str, Any], documents: Documents, number: int) -> dict[str, Any]:
    own = _id(row) or str(number)
    kept = {name: _plain(value) for name, value in _kept(values, documents).items() if name not in (ID, TEXT)}
    return {ID: own, TEXT: row[TEXT], **kept}


def _id(row: dict[str, Any]) -> str:
    """Empty: it has none."""
    given = row.get("id")
    return "" if given is None or not str(given).strip() else str(given)


def _plain(value: Any) -> Any:
    """A value as a column holds it: what is neither a number, a date nor a text becomes JSON."""
    if hasattr(value, "to_pydatetime"):  # of pandas, in nanoseconds
        value = value.to_pydatetime(warn=False)
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    if value is None or isinstance(value, (bool, int, float, str, datetime.date)):
        return value
    if isinstance(value, datetime.time):
        return value.isoformat()
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _kinds_of(value: Any, as_text: bool) -> set[type]:
    """The type of a value; none of one that is missing.

    Args:
        as_text: it stands in a table, where numbers are texts, and a missing one is an empty text.
    """
    if as_text and isinstance(value, str):
        if not value.strip():
            return set()
        if _INTEGER.fullmatch(value):
            return {int} if abs(int(value)) < 2**63 else {str}
        return {float} if _DECIMAL.fullmatch(value) else {str}
    if value is None:
        return set()
    return {str} if type(value) is int and abs(value) >= 2**63 else {type(value)}


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
    """A value as a column of that type gives it back.

    Raises:
        ValueError: a text that is no number, in a column of numbers.
    """
    import pyarrow as pa

    if value is None:
        return None
    if isinstance(value, str) and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return _number(value.strip(), float if pa.types.is_floating(kind) else int) if value.strip() else None
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        if isinstance(value, datetime.date):
            return value.isoformat()
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return float(value) if pa.types.is_floating(kind) and isinstance(value, int) else value


def _number(text: str, kind: type) -> Any:
    """Raises ValueError for a text that `_kinds_of` does not take for such a number, as `007` or `nan`."""
    if not (_INTEGER.fullmatch(text) or (kind is float and _DECIMAL.fullmatch(text))):
        raise ValueError(f"{text!r} is no number")
    return kind(text)


def column_of(rows: list[dict[str, Any]], field: pa.Field, source: str) -> pa.Array:
    """Raises DataError for a value that a column of the index can not hold."""
    import pyarrow as pa

    for row in rows:
        value = row.get(field.name)
        try:
            pa.array([as_kind(value, field.type)], field.type)
        except (ValueError, TypeError, OverflowError) as error:  # Arrow's own are kinds of these
            what = f"document {row[ID]:.60}: its {field.name} {value!r:.40} is not {field.type}, as in the index"
            raise DataError.at(source, what, "correct it, or leave the column out with --columns") from error
    return pa.array([as_kind(row.get(field.name), field.type) for row in rows], field.type)
