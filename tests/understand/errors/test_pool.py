"""The rows of all splits in one list: held-out ones back in their file, texts for people, labels of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import DataError, RunError
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import make_task
from bertkit.understand.errors.pool import Pool, read_pool, source_of
from tests.helpers import write_csv, write_rows
from tests.understand.errors.made import pool_of

ROWS = [{"text": f"text {row}", "label": "ab"[row % 2]} for row in range(20)]


def read(task: str = "classify", data: tuple[str, ...] = (), **block: object) -> Pool:
    recipe = Recipe.model_validate({"task": task, "data": block})
    return read_pool(make_task(recipe), recipe, data)


def test_rows_held_out_for_validation_are_back_in_their_file(tmp_path: Path) -> None:
    pool = read(train=str(write_rows(ROWS, tmp_path / "train.jsonl")), validation_ratio=0.2)
    assert [row["row"] for row in pool.rows] == list(range(1, 21))
    assert pool.splits == ["train"] * 20
    assert len(pool.trained) == 16
    assert pool.trained == sorted(pool.trained)
    assert pool.texts[3] == "text 3"
    assert pool.places[3].endswith("train.jsonl:4")


def test_named_splits_keep_their_names(tmp_path: Path) -> None:
    files = {name: str(write_rows(ROWS[:n], tmp_path / f"{name}.jsonl")) for name, n in (("train", 20), ("test", 4))}
    validation = str(write_rows(ROWS[4:8], tmp_path / "validation.jsonl"))
    pool = read(**files, validation=validation)
    assert [pool.splits.count(name) for name in ("train", "validation", "test")] == [20, 4, 4]
    assert pool.trained == list(range(20))
    assert read(**files, data=(files["test"],)).splits == ["train"] * 4


def test_two_files_keep_their_order(tmp_path: Path) -> None:
    one, two = (str(write_rows(ROWS[half::2], tmp_path / f"{name}.jsonl")) for half, name in ((0, "b"), (1, "a")))
    pool = read(train=[one, two])
    assert [source_of(row).rpartition("/")[2] for row in pool.rows] == ["b.jsonl"] * 10 + ["a.jsonl"] * 10
    assert [row["row"] for row in pool.rows] == [*range(1, 11), *range(1, 11)]


@pytest.mark.parametrize(
    ("place", "source"),
    [("a.csv:7", "a.csv"), ("x/a.json[row 7]", "x/a.json"), ("a.json[id [1]]", "a.json[id "), ("row 3", "")],
)
def test_the_file_in_a_place(place: str, source: str) -> None:
    assert source_of({"place": place}) == source


def test_labels_by_kind() -> None:
    assert pool_of("label", ["a"]).labels == [["a"]]
    assert pool_of("labels", [["a", "b"], []]).labels == [["a", "b"], []]
    assert pool_of("tags", [["O", "B-PER", "I-PER"]], tokens=[["x"] * 3]).labels == [["PER"]]
    assert pool_of("spans", [[{"start": 0, "end": 1, "label": "LOC"}]]).labels == [["LOC"]]
    assert pool_of("number", [1.0]).labels == [[]]
    assert pool_of("label", ["10", "9", "a"]).label_names == ["9", "10", "a"]


def test_texts_for_people() -> None:
    assert pool_of("label", ["a"], ["one"], second=["two"]).texts == ["one | two"]
    assert pool_of("tags", [["O"]], ["not shown"], tokens=[["shown"]]).texts == ["shown"]
    assert len(pool_of("label", ["a"], ["x" * 100_000]).texts[0]) == 2_000


def test_identity_is_of_texts_and_answer() -> None:
    a, b, c = pool_of("label", ["a"], ["x"]), pool_of("label", ["a"], ["x"]), pool_of("label", ["b"], ["x"])
    assert a.identity(0) == b.identity(0) != c.identity(0)


def test_rows_without_answers(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="have no answers that could be wrong"):
        read("pretrain", train=str(write_rows(ROWS, tmp_path / "train.jsonl")))
    with pytest.raises(DataError, match="label"):
        read(train=str(write_csv(tmp_path / "a.csv", ["text"], [["x"], ["y"]])))
    with pytest.raises(DataError, match="the rows have no tags or spans"):
        read("ner", train=str(write_rows([{"tokens": ["a"]}] * 3, tmp_path / "b.jsonl")))


def test_rows_that_were_in_memory() -> None:
    with pytest.raises(DataError, match="were in the memory of the program"):
        read(train="memory:20-rows-abc")
