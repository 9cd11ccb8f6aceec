"""Documents of any files -> an index: read, embedded and committed in parts.

What is committed stays, whatever happens. The same call goes on after a kill: documents that are there with the same
content are not embedded again.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bertkit.data.columns.column import Column
from bertkit.data.read.sources import Source
from bertkit.data.stream import stream
from bertkit.errors import DataError, Parameter, Problem, RunError, did_you_mean
from bertkit.inference.bulk.identity import input_of
from bertkit.inference.bulk.input import opened
from bertkit.recipe.schema import DataBlock
from bertkit.search.exact import unit
from bertkit.search.index.about import IndexRecord, Recall, VectorModel, from_index, read_about
from bertkit.search.index.lexicon import Lexicon, joined
from bertkit.search.index.store import ID, OWN, ROW, TEXT, VECTOR, Store
from bertkit.search.vectors import vectors_of

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (Column(TEXT, "text"),)
PART = 2000
"""Documents of a commit: half a minute of MiniLM on two cores."""
CHARACTERS = 20_000_000
"""Most characters of the texts of a commit."""
QUERIES, AT = 200, 10
FILES = ("documents.lance", "about.lance", "words")
"""What a folder with an index holds."""

Meter = Callable[[str, int, int], AbstractContextManager[Callable[[int, int], None]]]
"""See `console.meter`."""


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


class Added(NamedTuple):
    """What an addition did, in documents."""

    added: int
    replaced: int
    known: int
    """Those that were there with the same content."""
    total: int


@dataclass
class _Look:
    """What a look at all documents found."""

    count: int = 0
    kinds: dict[str, set[type]] = field(default_factory=dict)
    numbered: bool = False


def build(address: str, documents: Documents, model: VectorModel, meter: Meter) -> Added:
    """Make an index, or finish one that was killed.

    Raises:
        DataError: rows that can not be used, an id that stands twice, or a column with a name of ours.
        RunError: there is an index already, or an unfinished one of other documents or another model.
    """
    with opened(documents.source, COLUMNS, documents.block, keep_bad=False) as found:
        look = _look(found.sources, documents)
        inputs = [input_of(source) for source in found.sources]
        about = IndexRecord(
            model=from_index(model.name, address),
            hashes=model.hashes,
            reads=model.reads,
            title=documents.title,
            numbered=look.numbered,
            inputs=inputs,
        )
        work = _Work(address, documents, model, about)
        if (store := _begun(address)) is not None:
            _check_same(store, about)
            work.store = store
        schema = _schema(look, model.size) if store is None else store.schema
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
        raise RunError.at(address, "its build was not finished", "run the same bertkit index build again")
    about.check(model, address)
    documents = Documents(documents.source, documents.block, about.title, documents.columns)
    with opened(documents.source, COLUMNS, documents.block, keep_bad=False) as found:
        look = _look(found.sources, documents)
        if look.numbered:
            what = "its documents have no ids, and numbers of rows are those of other documents"
            raise DataError.at(documents.source, what, "name the column that has ids: -s data.columns.id=NAME")
        if new := [name for name in look.kinds if name not in store.columns]:
            todo = f"leave it out with --columns; the index has {', '.join(store.columns)}"
            raise DataError.at(documents.source, f"a column that the index does not have: {', '.join(new)}", todo)
        work = _Work(address, documents, model, about, store, replace=replace)
        return work.run(found.sources, look.count, store.schema, meter)


def delete(address: str, ids: Sequence[str]) -> int:
    """Take documents out of an index; returns how many remain.

    Raises:
        DataError: an id that is not there; nothing is deleted then.
    """
    store = Store.open(address)
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
            for part in _parts(self._rows(sources)):
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

    def _rows(self, sources: Sequence[Source]) -> Iterator[dict[str, Any]]:
        for number, taken in enumerate(stream(sources, COLUMNS, self.documents.block, keeps_all=True, paced=False), 1):
            yield {**_row(taken.row or {}, taken.values, self.documents, number)}

    def _sorted(self, part: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The documents of a part that are new, and those that differ from the one with their id."""
        if self.store is None:
            return part, []
        there = self.store.known([row[ID] for row in part])
        new = [row for row in part if row[ID] not in there]
        plain = dict.fromkeys(self.store.columns)
        kinds = {f.name: f.type for f in self.store.schema}
        changed = []
        for row in part:
            if row[ID] in there:
                old = {name: there[row[ID]][name] for name in plain}
                given = {name: _as_kind(value, kinds[name]) for name, value in {**plain, **row}.items()}
                if old != given:
                    changed.append(row)
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
                columns.append(_column(rows, one, self.documents.source))
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
    try:
        return Store.open(address)
    except RunError:
        names = {one.name for one in Path(address).iterdir()} if Path(address).is_dir() else set()
        if any(name not in FILES and name[0] != "." for name in names):
            raise RunError.at(address, "holds other files", "name a new folder") from None
        return None


def _check_same(store: Store, about: IndexRecord) -> None:
    old = read_about(store.about(), store.address)
    if old.finished:
        raise RunError.at(store.address, "is an index already", "add to it: bertkit index add, or name a new folder")
    same = [one.sha256 for one in old.inputs] == [one.sha256 for one in about.inputs]
    if not same or (old.hashes, old.reads, old.title) != (about.hashes, about.reads, about.title):
        what = "an unfinished index of other documents or another model"
        raise RunError.at(store.address, what, "finish it with the command that began it, or name a new folder")


def _look(sources: Sequence[Source], documents: Documents) -> _Look:
    """Read all documents, and check what can be checked without a model."""
    look, places = _Look(), dict[str, str]()
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


def _check_columns(look: _Look, documents: Documents) -> None:
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


def _schema(look: _Look, size: int) -> pa.Schema:
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


def _as_kind(value: Any, kind: pa.DataType) -> Any:
    """A value as a column of that type gives it back."""
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return float(value) if pa.types.is_floating(kind) and isinstance(value, int) else value


def _column(rows: list[dict[str, Any]], field: pa.Field, source: str) -> pa.Array:
    """Raises DataError for a value that a column of the index can not hold."""
    import pyarrow as pa

    values = [_as_kind(row.get(field.name), field.type) for row in rows]
    try:
        return pa.array(values, field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        what = f"the column {field.name} holds {field.type} in the index: {error}"
        raise DataError.at(source, what, "write it so, or leave it out with --columns") from error


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


def recall_of(store: Store) -> Recall:
    """How many of the nearest documents a search finds, against comparing all in float32."""
    rows = store.rows()
    drawn = np.random.default_rng(0).choice(rows, min(QUERIES, len(rows)), replace=False)
    documents = store.at(drawn.tolist(), [ID])
    own = store.vectors([document[ID] for document in documents.values()])
    hits = total = 0
    for vector in unit(own):
        exact = store.nearest(vector, AT, exact=True)
        found = store.nearest(vector, AT)
        floor = exact.cosines.min(initial=1.0) - 1e-6  # of equally near ones any will do
        hits += int((found.cosines >= floor).sum())
        total += len(exact.rows)
    return Recall(at=AT, recall=hits / max(total, 1), queries=len(own), documents=len(rows))
