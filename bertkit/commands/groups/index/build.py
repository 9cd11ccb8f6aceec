"""Panel Use: `bertkit index build | add | delete | info`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bertkit.commands.groups.index.options import Address, Model, one_writer
from bertkit.commands.shared import bulk, console
from bertkit.errors import DataError

if TYPE_CHECKING:
    from bertkit.search.index.building import Added
    from bertkit.search.index.rows import Documents

Source = Annotated[str, typer.Argument(metavar="DOCUMENTS", help="File, folder or glob; - reads standard input.")]
Title = Annotated[str | None, typer.Option(metavar="COLUMN", help="A column whose text stands before the document's.")]
Columns = Annotated[
    str | None, typer.Option(metavar="A,B", help="Columns to keep beside the text.", show_default="all of them")
]


def build(
    source: Source,
    output: Annotated[str, typer.Option("--output", "-o", help="A new folder, or an address: s3://bucket/path.")],
    model: Model = None,
    title: Title = None,
    columns: Columns = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Make an index of documents: their vectors, their words, and their columns.

    bertkit index build articles.csv -m runs/vectors -o runs/index

    bertkit index build corpus.jsonl --title title -m runs/vectors -o runs/index

    Killed, the same command goes on.
    """
    from bertkit.search.index import building
    from bertkit.search.index.about import VectorModel

    if model is None:
        raise DataError.at("--model", "missing", "name a Run with vectors, or an encoder: --model runs/vectors")
    documents = _documents(source, title, columns, sets)
    with one_writer(output):
        added = building.build(output, documents, VectorModel(model, trust_code=trust_code), console.meter)
    _show_added(added, output)


def add(
    index: Address,
    source: Source,
    replace: Annotated[
        bool, typer.Option("--replace", help="Documents take the place of those with their ids.")
    ] = False,
    model: Model = None,
    columns: Columns = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Add documents to an index; those that are there already with the same content are left as they are.

    bertkit index add runs/index new.csv
    """
    from bertkit.search.index import building
    from bertkit.search.index.about import VectorModel, open_model, read_about
    from bertkit.search.index.store import Store

    documents = _documents(source, None, columns, sets)
    if model is None:
        opened = open_model(read_about(Store.open(index).about(), index), index, trust_code=trust_code)
    else:
        opened = VectorModel(model, trust_code=trust_code)
    with one_writer(index):
        added = building.add(index, documents, opened, console.meter, replace=replace)
    _show_added(added, index)


def delete(
    index: Address,
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of documents.")],
) -> None:
    """Delete documents from an index.

    bertkit index delete runs/index d17 d18
    """
    from bertkit.search.index import building
    from bertkit.search.index.store import Store

    Store.open(index)  # before a folder for the lock is made
    with one_writer(index):
        remaining = building.delete(index, ids)
    console.say(f"{len({*ids}):,} deleted, {remaining:,} documents: {index}")


def info(index: Address) -> None:
    """Show what an index holds, and how well its vectors are found.

    bertkit index info runs/index
    """
    from bertkit.inference.vectors import VectorOptions
    from bertkit.search.index.about import read_about
    from bertkit.search.index.store import Store

    store = Store.open(index)
    about = read_about(store.about(), index)
    known = {name: about.reads.get(name) for name in VectorOptions.__annotations__}
    reads = [f"{name} {value}" for name, value in known.items() if value is not None]
    rows = [
        ("documents", f"{store.count():,}"),
        ("finished", "yes" if about.finished else "no: run the same bertkit index build again"),
        ("columns", ", ".join(f"{one.name} ({one.type})" for one in store.schema if one.name in store.columns)),
        ("text", " + ".join(about.text_columns)),
        ("model", about.model),
        ("vector", ", ".join([f"{store.size} numbers", *reads])),
    ]
    if about.recall:
        found = about.recall
        rows.append((f"recall@{found.at}", f"{found.recall:.4f} over {found.queries} of {found.documents:,} documents"))
    console.table(("what", "is"), rows)


def _documents(source: str, title: str | None, columns: str | None, sets: list[str] | None) -> Documents:
    from bertkit.recipe.load import load
    from bertkit.search.index.rows import Documents

    block = load({"task": "embed"}, console.only(sets, "data")).data
    return Documents(source, block, title, bulk.names_of(columns))


def _show_added(added: Added, address: str) -> None:
    parts = [f"{added.added:,} added"]
    parts += [f"{added.replaced:,} replaced"] if added.replaced else []
    parts += [f"{added.known:,} there already"] if added.known else []
    console.say(f"{', '.join(parts)}, {added.total:,} documents: {address}")
