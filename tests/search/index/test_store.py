"""The table of an index: commits, filters, and what is nearest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertkit.errors import DataError, RunError
from bertkit.search import exact
from bertkit.search.index.store import Store


def test_documents_by_id_and_by_row(address: str) -> None:
    store = Store.open(address)
    known = store.known(["d3", "d9", "d1"])
    assert {name: row["text"] for name, row in known.items()} == {
        "d1": "the cat is sleeping",
        "d3": "i want my parcel back",
    }
    rows = store.rows()
    assert len(rows) == 5
    assert (np.diff(rows) > 0).all()
    found = store.at(rows[[4, 0]].tolist(), ["year"])
    assert [found[int(row)]["year"] for row in rows[[0, 4]]] == [2020, 2024]
    assert store.columns == ["id", "text", "year", "lang"]


def test_the_nearest_are_those_of_comparing_all(address: str) -> None:
    store = Store.open(address)
    ids, vectors = store.everything()
    assert ids == ["d1", "d2", "d3", "d4", "d5"]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    hits = exact.top(vectors[1:2], [vectors], 4)
    near = store.nearest(vectors[1], 4)
    rows = store.rows()
    assert near.rows.tolist() == rows[hits.numbers[0]].tolist()
    assert near.cosines == pytest.approx(hits.scores[0], abs=1e-5)


def test_a_filter_is_applied_before_the_nearest_are_taken(address: str) -> None:
    store = Store.open(address)
    vector = store.vectors(["d1"])[0]
    near = store.nearest(vector, 2, "year > 2021 AND lang = 'en'")
    found = store.at(near.rows.tolist(), ["id"])
    assert {row["id"] for row in found.values()} == {"d3", "d5"}
    assert store.rows("lang = 'zh'").tolist() == [store.rows()[3]]


@pytest.mark.parametrize("where", ["yeer > 3", "year >", "year = 'x' AND", "')"])
def test_a_filter_that_is_none(where: str, address: str) -> None:
    store = Store.open(address)
    with pytest.raises(DataError, match="--where"):
        store.rows(where)
    with pytest.raises(DataError, match="a condition in SQL"):
        store.nearest(store.vectors(["d1"])[0], 2, where)


def test_ids_with_quotes_are_ids(address: str) -> None:
    store = Store.open(address)
    assert store.known(["' OR 1=1 --"]) == {}
    store.delete(["' OR 1=1 --"])
    assert store.count() == 5
    with pytest.raises(DataError, match="no document with the id d9"):
        store.vectors(["d1", "d9"])


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such folder; bertkit index build"):
        Store.open(str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="no index"):
        Store.open(str(tmp_path / "empty"))


def test_a_torn_index_is_an_error_of_one_line(address: str) -> None:
    for file in Path(address, "documents.lance").rglob("*.manifest"):
        file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(RunError, match="can not be opened"):
        Store.open(address)
