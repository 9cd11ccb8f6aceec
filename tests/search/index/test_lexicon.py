"""Postings beside the table: they follow it, whatever happens to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.search.index import lexicon
from bertkit.search.index.building import add, delete
from bertkit.search.index.index import Index
from bertkit.search.index.lexicon import Lexicon
from bertkit.search.index.rows import Documents
from bertkit.search.index.store import Store
from tests.search.index.conftest import silent


def found(address: str, query: str, where: str | None = None) -> list[str]:
    store = Store.open(address)
    rows, _ = Lexicon(store, ["text"]).search(query, 10, where)
    names = store.at(rows.tolist(), ["id"])
    return [names[row]["id"] for row in rows.tolist()]


def test_words_are_found_in_any_language(address: str) -> None:
    assert sorted(found(address, "parcel")) == ["d2", "d3"]
    assert found(address, "蜘蛛") == ["d4"]
    assert found(address, "网") == ["d4"]
    assert found(address, "dog") == []
    assert found(address, "parcel", "year > 2021") == ["d3"]


def test_what_was_deleted_or_damaged_is_counted_again(address: str) -> None:
    files = sorted(Path(address, "words").glob("*.npz"))
    assert len(files) == 1
    files[0].write_bytes(b"half of a fi")
    assert sorted(found(address, "parcel")) == ["d2", "d3"]
    for file in Path(address, "words").glob("*.npz"):
        file.unlink()
    assert sorted(found(address, "parcel")) == ["d2", "d3"]
    delete(address, ["d2"])
    assert found(address, "parcel") == ["d3"]


def test_a_document_counts_once_if_two_wrote_its_words(address: str) -> None:
    folder = Path(address, "words")
    (file,) = folder.glob("*.npz")
    before = Lexicon(Store.open(address), ["text"]).search("parcel", 10)[1]
    (folder / f"9{file.name}").write_bytes(file.read_bytes())
    assert Lexicon(Store.open(address), ["text"]).search("parcel", 10)[1] == pytest.approx(before)


def test_many_segments_become_one(address: str, model, documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "MOST", 3)
    for number in range(4):
        rows = [{"id": f"n{number}", "text": f"parcel number {number}", "year": 2000, "lang": "en"}]
        some: Documents = documents(rows, f"{number}.jsonl")
        add(address, some, model, silent)
    assert len(list(Path(address, "words").glob("*.npz"))) <= 3
    assert len(found(address, "parcel")) == 6
    assert found(address, "number 3")[0] == "n3"


def test_how_many_documents_hold_a_word(address: str) -> None:
    assert Lexicon(Store.open(address), ["text"]).holding(["parcel", "is", "zebra", "蜘蛛"]) == [2, 2, 0, 1]


def test_an_empty_file_is_counted_again(address: str) -> None:
    index = Index.open(address)
    before = index.lexicon.search("cat", 5, None)
    (file,) = (Path(address) / "words").glob("*.npz")
    file.write_bytes(b"")
    after = Index.open(address).lexicon.search("cat", 5, None)
    assert [one.tolist() for one in before] == [one.tolist() for one in after]
