"""Building an index: what is added, replaced, refused, and what a kill leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.errors import DataError, RunError
from bertkit.recipe.schema import DataBlock
from bertkit.search.index import building
from bertkit.search.index.about import VectorModel, read_about
from bertkit.search.index.building import add, build, delete
from bertkit.search.index.index import Index
from bertkit.search.index.rows import Documents
from bertkit.search.index.store import Store
from bertkit.search.vectors import vectors_of
from tests.helpers import warnings, write_csv
from tests.search.index.conftest import ROWS, TEXTS, silent


def alone(model: VectorModel, *texts: str) -> np.ndarray:
    """The vectors of texts, without an index."""
    return vectors_of(model.documents.task, model.documents.predict([*texts]))


def test_what_an_index_holds(address: str, model: VectorModel) -> None:
    store = Store.open(address)
    about = read_about(store.about(), address)
    assert about.finished
    assert about.recall is not None
    assert (about.recall.recall, about.recall.queries, about.recall.documents) == (1.0, 5, 5)
    assert about.hashes == model.hashes
    assert about.inputs[0].sha256
    vectors = store.vectors(["d1", "d3"])
    assert vectors == pytest.approx(alone(model, TEXTS["d1"], TEXTS["d3"]), abs=1e-5)


def test_documents_that_are_there_are_not_embedded_again(address: str, model, documents) -> None:
    rows = [*ROWS, {"id": "d6", "text": "hello", "year": 2025, "lang": "en"}]
    assert add(address, documents(rows, "more.jsonl"), model, silent) == (1, 0, 5, 6)
    assert add(address, documents(rows, "more.jsonl"), model, silent) == (0, 0, 6, 6)


def test_another_document_with_an_id_needs_replace(address: str, model, documents) -> None:
    changed = documents([{**ROWS[0], "text": "the dog is sleeping"}], "changed.jsonl")
    with pytest.raises(DataError, match=r"have the id of another one in the index: d1; .*--replace"):
        add(address, changed, model, silent)
    before = Store.open(address).rows()
    assert add(address, changed, model, silent, replace=True) == (0, 1, 0, 5)
    store = Store.open(address)
    assert store.known(["d1"])["d1"]["text"] == "the dog is sleeping"
    assert store.rows().max() > before.max()  # its row is a new one: old postings are not its own
    assert store.vectors(["d1"])[0] == pytest.approx(alone(model, "the dog is sleeping")[0], abs=1e-5)


def test_a_column_that_is_not_given_stays(address: str, model, documents) -> None:
    before = Store.open(address).known(["d1"])["d1"]
    assert before["year"] is not None
    assert add(address, documents([{"id": "d1", "text": TEXTS["d1"]}], "same.jsonl"), model, silent) == (0, 0, 1, 5)
    changed = documents([{"id": "d1", "text": "the dog is sleeping", "lang": None}], "changed.jsonl")
    assert add(address, changed, model, silent, replace=True) == (0, 1, 0, 5)
    after = Store.open(address).known(["d1"])["d1"]
    assert {name: after[name] for name in ("text", "year", "lang")} == {
        "text": "the dog is sleeping", "year": before["year"], "lang": None,
    }  # fmt: skip


def test_delete_takes_all_or_nothing(address: str) -> None:
    with pytest.raises(DataError, match=r"no document with the id d9; .*nothing was deleted"):
        delete(address, ["d1", "d9"])
    assert Store.open(address).count() == 5
    assert delete(address, ["d1", "d1", "d2"]) == 3


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_killed_build_goes_on(after: int, tmp_path: Path, model, documents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "PART", 2)
    plain, commits = building._Work._commit, []

    def commit(self: Any, rows: Any, schema: Any, **options: Any) -> None:
        if len(commits) == after:
            raise KeyboardInterrupt
        commits.append(len(rows))
        plain(self, rows, schema, **options)

    address, some = str(tmp_path / "index"), documents()
    monkeypatch.setattr(building._Work, "_commit", commit)
    with pytest.raises(KeyboardInterrupt):
        build(address, some, model, silent)
    monkeypatch.setattr(building._Work, "_commit", plain)
    if after:
        assert Store.open(address).count() == 2 * after
        with pytest.raises(RunError, match="its build was not finished"):
            add(address, some, model, silent)
        with pytest.raises(RunError, match="an unfinished index of other documents"):
            build(address, documents([ROWS[0]], "other.jsonl"), model, silent)
    assert build(address, some, model, silent) == (5 - 2 * after, 0, 2 * after, 5)
    assert sorted(Store.open(address).everything()[0]) == [*TEXTS]
    with pytest.raises(RunError, match="is an index already"):
        build(address, some, model, silent)


def test_rows_without_ids_are_numbered(tmp_path: Path, model) -> None:
    file = write_csv(tmp_path / "a.csv", ("body", "kind"), [("the cat", "x"), ("my parcel", "y")])
    some = Documents(str(file), DataBlock(columns={"text": "body"}))
    address = str(tmp_path / "index")
    build(address, some, model, silent)
    assert Store.open(address).everything()[0] == ["1", "2"]
    assert Store.open(address).columns == ["id", "text", "kind"]
    with pytest.raises(DataError, match="its documents have no ids"):
        add(address, some, model, silent)


def test_an_addition_knows_the_columns_of_the_build(tmp_path: Path, model, documents) -> None:
    address, mapping = str(tmp_path / "index"), {"text": "body", "id": "key"}
    build(address, documents([{"key": "a", "body": "the cat", "n": 1}], "a.jsonl", mapping=mapping), model, silent)
    assert add(address, documents([{"key": "b", "body": "a dog", "n": 2}], "b.jsonl"), model, silent).total == 2
    other = documents([{"name": "c", "body": "good bye", "n": 3}], "c.jsonl", mapping={"id": "name"})
    assert add(address, other, model, silent).total == 3
    assert sorted(Store.open(address).everything()[0]) == ["a", "b", "c"]


def test_a_title_stands_before_the_text(tmp_path: Path, model, documents) -> None:
    rows = [{"id": "a", "title": "Parcel", "text": "it is late"}, {"id": "b", "title": None, "text": "good bye"}]
    address = str(tmp_path / "index")
    build(address, documents(rows, "titled.jsonl", title="title"), model, silent)
    expected = alone(model, "Parcel it is late", "good bye")
    assert Store.open(address).vectors(["a", "b"]) == pytest.approx(expected, abs=1e-5)


def test_empty_documents_are_left_out_if_asked(tmp_path: Path, model, documents) -> None:
    rows = [{"id": "a", "text": "the cat"}, {"id": "b", "text": ""}, {"id": "c", "text": "😀"}]
    assert build(str(tmp_path / "index"), documents(rows, "e.jsonl", bad_rows="skip"), model, silent).total == 2


def test_additions_fit_the_index(address: str, model, documents) -> None:
    with pytest.raises(DataError, match="a column that the index does not have: colour; leave it out with --columns"):
        add(address, documents([{"id": "n", "text": "x", "colour": "red"}], "n.jsonl"), model, silent)
    with pytest.raises(DataError, match="document n: its year 'soon' is not int64, as in the index"):
        add(address, documents([{"id": "n", "text": "x", "year": "soon"}], "n.jsonl"), model, silent)
    assert add(address, documents([{"id": "n", "text": "x"}], "n.jsonl"), model, silent).added == 1


def test_a_folder_with_other_files(tmp_path: Path, model, documents) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(RunError, match="holds other files; name a new folder"):
        build(str(tmp_path / "mine"), documents(), model, silent)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_a_mistake_in_the_last_document_adds_nothing(
    address: str, model, documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "PART", 2)
    rows = [{"id": f"n{number}", "text": "hello", "year": 2000} for number in range(5)]
    for last in ({"id": "n9", "text": "x", "year": "soon"}, {"id": "d1", "text": "another text", "year": 1}):
        with pytest.raises(DataError):
            add(address, documents([*rows, last], "n.jsonl"), model, silent)
        assert Store.open(address).count() == 5


def test_what_is_not_ours_stays(tmp_path: Path, address: str, model, documents) -> None:
    import lancedb

    own = tmp_path / "own"
    (own / "words").mkdir(parents=True)
    (own / "words" / "mine.npz").write_text("precious")
    theirs = tmp_path / "theirs"
    lancedb.connect(str(theirs)).create_table("about", [{"a": 1}])
    lancedb.connect(str(theirs)).create_table("documents", [{"a": 1}])
    for folder in (own, theirs):
        with pytest.raises(RunError):
            build(str(folder), documents(), model, silent)
    assert (own / "words" / "mine.npz").read_text() == "precious"
    assert lancedb.connect(str(theirs)).open_table("documents").count_rows() == 1
    for file in Path(address, "documents.lance").rglob("*.manifest"):
        file.write_bytes(b"damaged")
    with pytest.raises(RunError, match="can not be read"):
        build(address, documents(), model, silent)


def test_an_unfinished_index_is_said_to_be_one(
    tmp_path: Path, model, documents, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    address = str(tmp_path / "index")
    monkeypatch.setattr(building, "recall_of", stopped)
    with pytest.raises(KeyboardInterrupt):
        build(address, documents(), model, silent)
    with pytest.raises(RunError, match="its build was not finished"):
        delete(address, ["d1"])
    Index.open(address)
    assert any("its build was not finished" in one for one in warnings(caplog))


def test_a_build_that_goes_on_with_other_columns(tmp_path: Path, model, documents) -> None:
    address, some = str(tmp_path / "index"), documents()
    build(address, replace(some, columns=("year",)), model, silent)
    store = Store.open(address)
    about = read_about(store.about(), address)
    store.describe(about.model_copy(update={"finished": False}).model_dump_json())
    with pytest.raises(RunError, match="other columns"):
        build(address, some, model, silent)
    assert build(address, replace(some, columns=("year",)), model, silent).total == 5


def test_a_build_that_was_killed_in_its_first_commit_begins_again(tmp_path: Path, model, documents) -> None:
    address = tmp_path / "index"
    (address / "documents.lance" / "data").mkdir(parents=True)
    (address / "documents.lance" / "data" / "1.lance").write_bytes(b"half")
    assert build(str(address), documents(), model, silent).added == 5


def test_an_empty_id_is_none(tmp_path: Path, model, documents) -> None:
    with pytest.raises(DataError, match="1 of 2 documents have no id"):
        build(str(tmp_path / "index"), documents([{"id": " ", "text": "cat"}, ROWS[1]], "a.jsonl"), model, silent)
