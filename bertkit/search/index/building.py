"""Documents of any files -> an index: read, embedded and committed in parts.

What is committed stays, whatever happens. The same call goes on after a kill: documents that are there with the same
content are not embedded again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bertkit.data.read.sources import Source
from bertkit.errors import DataError, RunError
from bertkit.fs import is_remote
from bertkit.inference.bulk.identity import input_of
from bertkit.inference.bulk.input import opened, said_once
from bertkit.search.index.about import IndexRecord, VectorModel, from_index, read_about
from bertkit.search.index.lexicon import Lexicon, joined
from bertkit.search.index.recall import recall_of
from bertkit.search.index.rows import COLUMNS, Documents, as_kind, column_of, look_at, rows_of, schema_of
from bertkit.search.index.store import ID, ROW, TEXT, VECTOR, Store
from bertkit.search.vectors import vectors_of

if TYPE_CHECKING:
    import pyarrow as pa

FIRST, RECORD = "documents.lance", "about.lance"
"""Tables of an index, as a folder has them."""

PART = 2000
"""Documents of a commit: half a minute of MiniLM on two cores."""
UNFINISHED = "its build was not finished"
CHARACTERS = 20_000_000
"""Most characters of the texts of a commit."""
Meter = Callable[[str, int, int], AbstractContextManager[Callable[[int, int], None]]]
"""See `console.meter`."""


class Added(NamedTuple):
    """What an addition did, in documents."""

    added: int
    replaced: int
    known: int
    """Those that were there with the same content."""
    total: int


def build(address: str, documents: Documents, model: VectorModel, meter: Meter) -> Added:
    """Make an index, or finish one that was killed.

    Raises:
        DataError: rows that can not be used, an id that stands twice, or a column with a name of ours.
        RunError: there is an index already, or an unfinished one of other documents or another model.
    """
    with said_once(), opened(documents.source, COLUMNS, documents.block, keep_bad=False) as found:
        look = look_at(found.sources, documents)
        inputs = [input_of(source) for source in found.sources]
        about = IndexRecord(
            model=from_index(model.name, address),
            hashes=model.hashes,
            reads=model.reads,
            mapping={name: str(own) for name, own in documents.block.columns.items() if name in (TEXT, ID)},
            title=documents.title,
            numbered=look.numbered,
            inputs=inputs,
        )
        work = _Work(address, documents, model, about)
        if (store := _begun(address)) is not None:
            _check_same(store, about, {*look.kinds})
            work.store = store
        schema = schema_of(look, model.size) if store is None else store.schema
        return work.run(found.sources, look.count, schema, meter)


def add(address: str, documents: Documents, model: VectorModel, meter: Meter, *, replace: bool = False) -> Added:
    """Add documents to an index.

    Args:
        replace: whether a document may take the place of another with its id.

    Raises:
        DataError: as `build`; an id of another document that is there; a column that the index does not have.
        RunError: no index, an unfinished one, or one of another model.
    """
    store = Store.open(address)
    about = read_about(store.about(), address)
    if not about.finished:
        raise RunError.at(address, UNFINISHED, "run the same bertkit index build again")
    about.check(model, address)
    block = documents.block.model_copy(update={"columns": {**about.mapping, **documents.block.columns}})
    documents = Documents(documents.source, block, about.title, documents.columns)
    with said_once(), opened(documents.source, COLUMNS, documents.block, keep_bad=False) as found:
        look = look_at(found.sources, documents)
        if look.numbered:
            what = "its documents have no ids, and numbers of rows are those of other documents"
            raise DataError.at(documents.source, what, "name the column that has ids: -s data.columns.id=NAME")
        if new := [name for name in look.kinds if name not in store.columns]:
            todo = f"leave it out with --columns; the index has {', '.join(store.columns)}"
            raise DataError.at(documents.source, f"a column that the index does not have: {', '.join(new)}", todo)
        work = _Work(address, documents, model, about, store, replace=replace)
        work.check(found.sources, store)
        return work.run(found.sources, look.count, store.schema, meter)


def delete(address: str, ids: Sequence[str]) -> int:
    """Take documents out of an index; returns how many remain.

    Raises:
        DataError: an id that is not there; nothing is deleted then.
    """
    store = Store.open(address)
    if not read_about(store.about(), address).finished:
        raise RunError.at(address, UNFINISHED, "run the same bertkit index build again")
    known = store.known(ids)
    if missing := [name for name in ids if name not in known]:
        what = f"no document with the id {', '.join(missing[:3])}"
        raise DataError.at(address, what, "leave it out; nothing was deleted")
    store.delete([*dict.fromkeys(ids)])
    Lexicon(store, read_about(store.about(), address).text_columns)
    return store.count()


@dataclass
class _Work:
    address: str
    documents: Documents
    model: VectorModel
    about: IndexRecord
    store: Store | None = None
    replace: bool = False

    def run(self, sources: Sequence[Source], count: int, schema: pa.Schema, meter: Meter) -> Added:
        added = replaced = known = done = 0
        with meter("indexing", count, 0) as show:
            for part in _parts(rows_of(sources, self.documents)):
                new, changed = self._sorted(part)
                if new or changed:
                    self._commit([*new, *changed], schema, changes=bool(changed))
                added, replaced = added + len(new), replaced + len(changed)
                known += len(part) - len(new) - len(changed)
                done += len(part)
                show(done, 0)
        assert self.store is not None
        self.store.settle()
        Lexicon(self.store, self.about.text_columns)
        self.about = self.about.model_copy(update={"finished": True, "recall": recall_of(self.store)})
        self.store.describe(self.about.model_dump_json())
        return Added(added, replaced, known, self.store.count())

    def check(self, sources: Sequence[Source], store: Store) -> None:
        """Check all documents against those that are there, so that a mistake in the last one shows before any work."""
        fields = [one for one in store.schema if one.name in store.columns]
        for part in _parts(rows_of(sources, self.documents)):
            for one in fields:
                column_of(part, one, self.documents.source)
            self._sorted(part)

    def _sorted(self, part: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The documents of a part that are new, and those that differ from the one with their id."""
        if self.store is None:
            return part, []
        there = self.store.known([row[ID] for row in part])
        new = [row for row in part if row[ID] not in there]
        kinds = {f.name: f.type for f in self.store.schema}
        changed = []
        for row in part:
            if row[ID] in there:
                old = {name: there[row[ID]][name] for name in self.store.columns}
                whole = {**old, **row}  # a column that the new documents do not have stays as it is
                if old != {name: as_kind(value, kinds[name]) for name, value in whole.items()}:
                    changed.append(whole)
        if changed and not self.replace:
            what = f"{len(changed)} documents have the id of another one in the index: {changed[0][ID]}"
            raise DataError.at(self.documents.source, what, "give them ids of their own, or put them there: --replace")
        return new, changed

    def _commit(self, rows: list[dict[str, Any]], schema: pa.Schema, *, changes: bool) -> None:
        import pyarrow as pa

        predictor = self.model.documents
        texts = [joined(row, self.about.text_columns) for row in rows]
        vectors = vectors_of(predictor.task, predictor.predict(texts))
        first = _next_row(self.store)
        columns: list[Any] = []
        for one in schema:
            if one.name == VECTOR:
                columns.append(pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]))
            elif one.name == ROW:
                columns.append(pa.array(range(first, first + len(rows)), pa.int64()))
            else:
                columns.append(column_of(rows, one, self.documents.source))
        table = pa.Table.from_arrays(columns, schema=schema)
        if self.store is None:
            self.store = Store.create(self.address, table, self.about.model_dump_json())
        elif changes:
            self.store.put(table)
        else:
            self.store.add(table)


def _next_row(store: Store | None) -> int:
    """The clock in microseconds, and above all numbers there are: one whose document was deleted is not used again."""
    highest = int(store.rows().max(initial=0)) if store else 0
    return max(highest + 1, time.time_ns() // 1000)


def _begun(address: str) -> Store | None:
    """The index that is there; None: there is none.

    Raises:
        RunError: other files, or an index that can not be opened.
    """
    if is_remote(address):
        return Store.open(address) if Store.is_there(address) else None
    folder = Path(address)
    names = {one.name for one in folder.iterdir() if one.name[0] != "."} if folder.is_dir() else set()
    if FIRST in names and names <= {FIRST, RECORD} and not any(folder.glob(f"{FIRST}/_versions/*")):
        shutil.rmtree(folder / FIRST)  # killed within its first commit
        return None
    if FIRST in names or not names:
        return Store.open(address) if names else None
    if names != {RECORD}:  # which alone is what a build leaves that was killed before its first documents
        raise RunError.at(address, "holds other files", "name a new folder")
    return None


def _check_same(store: Store, about: IndexRecord, columns: set[str]) -> None:
    old = read_about(store.about(), store.address)
    if old.finished:
        raise RunError.at(store.address, "is an index already", "add to it: bertkit index add, or name a new folder")
    same = [one.sha256 for one in old.inputs] == [one.sha256 for one in about.inputs]
    if (
        not same
        or columns != {*store.columns}
        or (old.hashes, old.reads, old.title) != (about.hashes, about.reads, about.title)
    ):
        what = "an unfinished index of other documents, other columns or another model"
        raise RunError.at(store.address, what, "finish it with the command that began it, or name a new folder")


def _parts(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        part.append(row)
        size += len(row[TEXT])
        if len(part) == PART or size > CHARACTERS:
            yield part
            part, size = [], 0
    if part:
        yield part
