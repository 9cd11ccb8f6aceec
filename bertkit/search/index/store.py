"""The table of an index: documents, their columns and vectors, in a folder or at an address, by LanceDB.

Each addition, replacement or deletion is one commit: a reader sees all of it or nothing, and a process that is killed
leaves the table as the last commit left it. `docs/index.md` has the trial that chose LanceDB.

Two tables: `documents`, a row per document, and `about`, a row with what the index knows of itself as JSON. A
document's `bertkit_row` counts up over all that were ever added, so it is never used twice.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.errors import DataError, RunError
from bertkit.extras import need
from bertkit.fs import is_remote
from bertkit.search.index.filters import EXAMPLE, WHERE, check_filter

if TYPE_CHECKING:
    import pyarrow as pa

Array = NDArray[Any]

DOCUMENTS, ABOUT = "documents", "about"
ID, TEXT, VECTOR, ROW = "id", "text", "bertkit_vector", "bertkit_row"
OWN = (VECTOR, ROW)
MANY = 20_000
"""Documents from which on vectors have an index: groups of neighbours, of which the 20 nearest are compared in full
(IVF_FLAT). Of 100,000 vectors it finds 0.998 of the ten nearest in a ninth of the time of comparing all."""
MOST_NAMES = 1000
"""Ids in one filter."""


class Nearest(NamedTuple):
    """The documents whose vectors are nearest to a query's, the nearest first."""

    rows: Array
    """`(hit,)` int64: their `bertkit_row`."""
    cosines: Array
    """`(hit,)` float64."""


class Store:
    """An index that exists.

    Args:
        address: a folder, or what LanceDB connects to: `s3://bucket/path`, `db://name`.
    """

    def __init__(self, address: str, base: Any, documents: Any):
        self.address, self._base, self._documents = address, base, documents

    @classmethod
    def open(cls, address: str) -> Store:
        """Raises RunError where there is no index."""
        todo = "bertkit index build DOCUMENTS --model MODEL -o INDEX makes one"
        if not is_remote(address) and not Path(address).is_dir():
            raise RunError.at(address, "no such folder", todo)
        base = _connect(address)
        with _reading(address):
            names = _tables(base)
        if DOCUMENTS not in names:
            raise RunError.at(address, "no index", todo)
        with _reading(address):
            return cls(address, base, base.open_table(DOCUMENTS))

    @classmethod
    def is_there(cls, address: str) -> bool:
        """Whether there is an index at an address."""
        with _reading(address):
            return DOCUMENTS in _tables(_connect(address))

    @classmethod
    def create(cls, address: str, first: pa.Table, about: str) -> Store:
        """A new index with its first documents.

        Args:
            about: see `about`; written first, so that an index with documents always has it.
        """
        import pyarrow as pa

        base = _connect(address)
        how = "overwrite" if ABOUT in _tables(base) else "create"  # overwriting nothing is warned of
        base.create_table(ABOUT, pa.table({"json": [about]}), mode=how)
        return cls(address, base, base.create_table(DOCUMENTS, first))

    @property
    def schema(self) -> pa.Schema:
        return self._documents.schema

    @property
    def columns(self) -> list[str]:
        """The documents' columns: `id`, `text` and those of the input."""
        return [name for name in self.schema.names if name not in OWN]

    @property
    def version(self) -> int:
        """Of the documents; each commit makes a new one."""
        return int(self._documents.version)

    @property
    def size(self) -> int:
        """Numbers of a vector."""
        return int(self.schema.field(VECTOR).type.list_size)

    def about(self) -> str:
        with _reading(self.address):
            table = self._base.open_table(ABOUT).to_arrow()
        if table.column_names != ["json"] or len(table) != 1:
            raise RunError.at(self.address, "is not an index of bertkit", "name another folder")
        return str(table["json"][0])

    def describe(self, about: str) -> None:
        """Replace what the index knows of itself."""
        import pyarrow as pa

        self._base.create_table(ABOUT, pa.table({"json": [about]}), mode="overwrite")

    def add(self, rows: pa.Table) -> None:
        """Documents that are not there yet, in one commit."""
        self._documents.add(rows)

    def put(self, rows: pa.Table) -> None:
        """Documents in place of those with their ids, and new ones, in one commit."""
        self._documents.merge_insert(ID).when_matched_update_all().when_not_matched_insert_all().execute(rows)

    def delete(self, ids: Sequence[str]) -> None:
        """In one commit; ids that are not there change nothing."""
        self._documents.delete(_is_in(ID, ids))

    def count(self) -> int:
        return int(self._documents.count_rows())

    def rows(self, where: str | None = None) -> Array:
        """`(document,)` int64, rising: the `bertkit_row` of all documents, or of those that a filter keeps."""
        if where:
            check_filter(where, self.columns)
        found = self._scan(where, [ROW], asked=True)[ROW].to_numpy()
        return np.sort(found.astype(np.int64))

    def known(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The documents with these ids, by id, with all columns but the vector."""
        found: dict[str, dict[str, Any]] = {}
        for first in range(0, len(ids), MOST_NAMES):
            table = self._scan(_is_in(ID, ids[first : first + MOST_NAMES]), [*self.columns, ROW])
            found |= {row[ID]: row for row in table.to_pylist()}
        return found

    def at(self, rows: Sequence[int], columns: Sequence[str] | None = None) -> dict[int, dict[str, Any]]:
        """Documents by `bertkit_row`; without those that are gone.

        Args:
            columns: those wanted; default: all but the vector.
        """
        found: dict[int, dict[str, Any]] = {}
        for first in range(0, len(rows), MOST_NAMES):
            some = ", ".join(str(int(row)) for row in rows[first : first + MOST_NAMES])
            table = self._scan(f"{ROW} IN ({some})", [*(self.columns if columns is None else columns), ROW])
            found |= {row[ROW]: row for row in table.to_pylist()}
        return found

    def vectors(self, ids: Sequence[str]) -> Array:
        """`(id, size)` float32.

        Raises:
            DataError: no document with one of these ids.
        """
        found: dict[str, Any] = {}
        for first in range(0, len(ids), MOST_NAMES):
            table = self._scan(_is_in(ID, ids[first : first + MOST_NAMES]), [ID, VECTOR])
            found |= dict(zip(table[ID].to_pylist(), table[VECTOR].to_pylist(), strict=True))
        if missing := [name for name in ids if name not in found]:
            shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
            raise DataError.at(self.address, f"no document with the id {shown}", "see bertkit index query for ids")
        return np.array([found[name] for name in ids], dtype=np.float32).reshape(len(ids), self.size)

    def everything(self) -> tuple[list[str], Array]:
        """The ids and vectors `(document, size)` of all documents, in the order in which they were added."""
        table = self._scan(None, [ID, VECTOR, ROW]).sort_by(ROW)
        numbers = table[VECTOR].combine_chunks().flatten().to_numpy()
        return table[ID].to_pylist(), numbers.reshape(len(table), self.size)

    def nearest(self, query: Array, count: int, where: str | None = None, *, exact: bool = False) -> Nearest:
        """The `count` nearest documents.

        Args:
            query: `(size,)` with length 1.
            where: a filter in SQL; the nearest of those that it keeps.
            exact: compare all, whatever index of vectors there is.
        """
        if where:
            check_filter(where, self.columns)
        count = max(1, min(count, self.count()))
        search = self._documents.search(query, vector_column_name=VECTOR).distance_type("cosine").limit(count)
        if exact:
            search = search.bypass_vector_index()
        if where:
            search = search.where(where, prefilter=True)
        with _reading(self.address, where):
            found = search.select([ROW, "_distance"]).to_arrow()
        return Nearest(found[ROW].to_numpy(), 1 - found["_distance"].to_numpy().astype(np.float64))

    def settle(self) -> None:
        """Put small commits together, let go of what no version needs, and index the vectors if they are many."""
        from datetime import timedelta

        from lancedb.index import IvfFlat

        self._documents.optimize(cleanup_older_than=timedelta(days=1))
        if self.count() >= MANY and not self.has_vector_index:
            self._documents.create_index(VECTOR, config=IvfFlat(distance_type="cosine"))

    @property
    def has_vector_index(self) -> bool:
        return any(VECTOR in one.columns for one in self._documents.list_indices())

    def _scan(self, where: str | None, columns: Sequence[str], *, asked: bool = False) -> pa.Table:
        """Columns of documents.

        Args:
            asked: whether the filter is the user's.
        """
        with _reading(self.address, where if asked else None):
            search = self._documents.search().select([*columns]).limit(max(1, self.count()))
            return (search.where(where) if where else search).to_arrow()


@contextlib.contextmanager
def _reading(address: str, where: str | None = None) -> Iterator[None]:
    """Turns LanceDB's errors into those of a user: about the filter, or about files that are damaged."""
    try:
        yield
    except (ValueError, RuntimeError, OSError) as error:
        said = _SOURCE.split(" ".join(str(error).split()))[0]
        if where:
            raise DataError.at(WHERE, f"{where}: {said:.150}", EXAMPLE) from error
        todo = "copy the index again, or build it again in a new folder"
        raise RunError.at(address, f"can not be read: {said:.150}", todo) from error


_SOURCE = re.compile(r",? ?/\S+\.rs:\d+")
"""Where in LanceDB's own code an error comes from."""


def _is_in(column: str, names: Sequence[str]) -> str:
    quoted = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    return f"{column} IN ({quoted})"


def _connect(address: str) -> Any:
    lancedb = need("lancedb", extra="index", feature="an index")
    with _reading(address):
        return lancedb.connect(address)


def _tables(base: Any) -> list[str]:
    found = base.list_tables()
    return [*getattr(found, "tables", found)]
