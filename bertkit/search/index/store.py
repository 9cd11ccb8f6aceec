"""The table of an index: documents, their columns and vectors, in a folder or at an address, by LanceDB.

Each addition, replacement or deletion is one commit: a reader sees all of it or nothing, and a process that is killed
leaves the table as the last commit left it. `docs/index.md` has the trial that chose LanceDB.

Two tables: `documents`, a row per document, and `about`, a row with what the index knows of itself as JSON. A
document's `bertkit_row` counts up over all that were ever added, so it is never used twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.errors import DataError, Parameter, RunError
from bertkit.extras import need
from bertkit.fs import is_remote

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
        if DOCUMENTS not in _tables(base):
            raise RunError.at(address, "no index", todo)
        try:
            return cls(address, base, base.open_table(DOCUMENTS))
        except (RuntimeError, ValueError, OSError) as error:
            raise RunError.at(address, f"can not be opened: {error}", "copy it again, or build it again") from error

    @classmethod
    def create(cls, address: str, first: pa.Table, about: str) -> Store:
        """A new index with its first documents.

        Args:
            about: see `about`; written first, so that an index with documents always has it.
        """
        import pyarrow as pa

        base = _connect(address)
        for name in _tables(base):
            base.drop_table(name)  # of a build that was killed before its first documents
        base.create_table(ABOUT, pa.table({"json": [about]}))
        return cls(address, base, base.create_table(DOCUMENTS, first))

    @property
    def schema(self) -> pa.Schema:
        return self._documents.schema

    @property
    def columns(self) -> list[str]:
        """The documents' columns: `id`, `text` and those of the input."""
        return [name for name in self.schema.names if name not in OWN]

    @property
    def size(self) -> int:
        """Numbers of a vector."""
        return int(self.schema.field(VECTOR).type.list_size)

    def about(self) -> str:
        return str(self._base.open_table(ABOUT).to_arrow()["json"][0])

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
        found = self._scan(where, [ROW])[ROW].to_numpy()
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
        search = self._documents.search(query, vector_column_name=VECTOR).distance_type("cosine").limit(count)
        if exact:
            search = search.bypass_vector_index()
        if where:
            search = search.where(where, prefilter=True)
        with _filtering(where):
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

    def _scan(self, where: str | None, columns: Sequence[str]) -> pa.Table:
        search = self._documents.search().select([*columns]).limit(max(1, self.count()))
        with _filtering(where):
            return (search.where(where) if where else search).to_arrow()


class _filtering:
    """Turns LanceDB's error about a filter into one for the user."""

    def __init__(self, where: str | None):
        self._where = where

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if self._where and isinstance(error, (ValueError, RuntimeError, OSError)):
            todo = "a condition in SQL over the documents' columns: \"year >= 2020 AND lang = 'en'\""
            raise DataError.at(Parameter("where"), f"{self._where}: {error}", todo) from error


def _is_in(column: str, names: Sequence[str]) -> str:
    quoted = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    return f"{column} IN ({quoted})"


def _connect(address: str) -> Any:
    return need("lancedb", extra="index", feature="an index").connect(address)


def _tables(base: Any) -> list[str]:
    found = base.list_tables()
    return [*getattr(found, "tables", found)]
