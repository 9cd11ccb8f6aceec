"""The table of an index: commits, filters, and what is nearest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertkit.errors import DataError, RunError
from bertkit.search import exact
from bertkit.search.index import store
from bertkit.search.index.store import Store


def test_documents_by_id_and_by_row(address: str) -> None:
    opened = Store.open(address)
    known = opened.known(["d3", "d9", "d1"])
    assert {name: row["text"] for name, row in known.items()} == {
        "d1": "the cat is sleeping",
        "d3": "i want my parcel back",
    }
    rows = opened.rows()
    assert len(rows) == 5
    assert (np.diff(rows) > 0).all()
    found = opened.at(rows[[4, 0]].tolist(), ["year"])
    assert [found[int(row)]["year"] for row in rows[[0, 4]]] == [2020, 2024]
    assert opened.columns == ["id", "text", "year", "lang"]


def test_the_nearest_are_those_of_comparing_all(address: str) -> None:
    opened = Store.open(address)
    ids, vectors = opened.everything()
    assert ids == ["d1", "d2", "d3", "d4", "d5"]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    hits = exact.top(vectors[1:2], [vectors], 4)
    near = opened.nearest(vectors[1], 4)
    rows = opened.rows()
    assert near.rows.tolist() == rows[hits.numbers[0]].tolist()
    assert near.cosines == pytest.approx(hits.scores[0], abs=1e-5)


def test_a_filter_is_applied_before_the_nearest_are_taken(address: str) -> None:
    opened = Store.open(address)
    vector = opened.vectors(["d1"])[0]
    near = opened.nearest(vector, 2, "year > 2021 AND lang = 'en'")
    found = opened.at(near.rows.tolist(), ["id"])
    assert {row["id"] for row in found.values()} == {"d3", "d5"}
    assert opened.rows("lang = 'zh'").tolist() == [opened.rows()[3]]


@pytest.mark.parametrize(
    "where", ["year >", "year = 'x' AND", "')", "lang = 'en' year > 2020", "lang = 'en'; year > 1"]
)
def test_a_filter_that_is_none(where: str, address: str) -> None:
    opened = Store.open(address)
    with pytest.raises(DataError, match="--where"):
        opened.rows(where)
    with pytest.raises(DataError, match="a condition in SQL"):
        opened.nearest(opened.vectors(["d1"])[0], 2, where)


def test_ids_with_quotes_are_ids(address: str) -> None:
    opened = Store.open(address)
    assert opened.known(["' OR 1=1 --"]) == {}
    opened.delete(["' OR 1=1 --"])
    assert opened.count() == 5
    with pytest.raises(DataError, match="no document with the id d9"):
        opened.vectors(["d1", "d9"])


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
    with pytest.raises(RunError, match="can not be read"):
        Store.open(address)


def test_many_vectors_have_an_index_and_are_found(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    plain = Store.open(address)
    import pyarrow as pa

    vectors = exact.unit(rng.normal(size=(600, plain.size)))
    columns = {
        "id": pa.array([f"r{n}" for n in range(600)]),
        "text": pa.array(["x"] * 600, pa.large_string()),
        "year": pa.array([n % 3 for n in range(600)], pa.int64()),
        "lang": pa.array(["en"] * 600),
        "bertkit_vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), plain.size),
        "bertkit_row": pa.array(range(600), pa.int64()),
    }
    plain.add(pa.Table.from_pydict(columns, schema=plain.schema))
    plain.settle()
    assert not plain.has_vector_index
    monkeypatch.setattr(store, "MANY", 500)
    plain.settle()
    again = Store.open(address)
    assert again.has_vector_index
    found = sum(len({*again.nearest(v, 10).rows} & {*again.nearest(v, 10, exact=True).rows}) for v in vectors[:40])
    assert found > 0.9 * 400
    hits = exact.top(vectors[:1], [vectors], 3)
    assert again.nearest(vectors[0], 3, exact=True).rows.tolist() == hits.numbers[0].tolist()
    some = again.at(again.nearest(vectors[0], 10, "year = 1").rows.tolist(), ["year"])
    assert {row["year"] for row in some.values()} == {1}
    again.delete(["r0"])
    assert 0 not in again.nearest(vectors[0], 10).rows
