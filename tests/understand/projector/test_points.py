"""Rows with vectors: of files, of an encoder, of Runs of several tasks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bertkit
from bertkit import Run, train
from bertkit.errors import DataError
from bertkit.understand.projector.points import of_file, of_run
from tests.helpers import make, tiny_recipe, write_csv, write_rows

VECTORS = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]


def test_a_file_of_vectors_with_its_columns(tmp_path: Path) -> None:
    file = write_rows([{"id": n, "text": f"t{n}", "vector": v} for n, v in enumerate(VECTORS)], tmp_path / "v.jsonl")
    found = of_file(str(file), None, None)
    assert found.vectors.tolist() == VECTORS
    assert found.columns == {"id": [0, 1, 2], "text": ["t0", "t1", "t2"]}
    assert len(of_file(str(file), None, 2).vectors) == 2


def test_an_array_with_the_rows_of_another_file(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.array(VECTORS, dtype=np.float32))
    rows = write_csv(tmp_path / "rows.csv", ["label"], [["a"], ["b"], ["c"]])
    found = of_file(str(tmp_path / "v.npy"), str(rows), None)
    assert found.columns == {"label": ["a", "b", "c"]}
    assert of_file(str(tmp_path / "v.npy"), None, None).columns == {}


def test_bits_are_numbers(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.array([[0b10000001]] * 3, dtype=np.uint8))
    assert of_file(str(tmp_path / "v.npy"), None, None).vectors[0].tolist() == [1, 0, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"text": "a"}], "1 rows have no column vector"),
        ([{"vector": [1.0]}, {"vector": [1.0, 2.0]}], "no vectors of one size"),
        ([{"vector": "x"}], "no vectors of one size"),
        ([{"vector": ["x"]}], "no vectors of one size"),
        ([{"vector": []}], "no vectors of one size"),
    ],
)
def test_files_without_vectors(rows: list[dict[str, Any]], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        of_file(str(write_rows(rows, tmp_path / "v.jsonl")), None, None)


def test_arrays_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "v.npy").write_bytes(b"no array")
    with pytest.raises(DataError, match="is no array"):
        of_file(str(tmp_path / "v.npy"), None, None)
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"has the shape \(3,\)"):
        of_file(str(tmp_path / "one.npy"), None, None)
    np.save(tmp_path / "two.npy", np.zeros((3, 2)))
    rows = write_csv(tmp_path / "rows.csv", ["label"], [["a"]])
    with pytest.raises(DataError, match=r"1 rows, and .* has 3 vectors"):
        of_file(str(tmp_path / "two.npy"), str(rows), None)


def test_a_run_answers_the_rows_of_its_recipe(tiny_run: Run) -> None:
    found = of_run(str(tiny_run.path), None, None, None)
    rows = make("classify", {}).tiny_rows()
    assert len(found.vectors) == len(rows)
    assert found.columns["expected"] == [row["label"] for row in rows]
    assert set(found.columns["correct"]) <= {"yes", "no"}
    assert found.columns["text"][0] == rows[0]["text"]
    assert all(0 <= value <= 1 for value in found.columns["confidence"])
    assert found.vectors == pytest.approx(bertkit.embed(tiny_run.path, found.columns["text"]), abs=1e-5)


def test_all_columns_of_a_file(tiny_run: Run, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "rows.csv", ["text", "label", "language"], [["where is it", "delivery", "en"]] * 3)
    found = of_run(str(tiny_run.path), str(file), None, 2)
    assert found.columns["language"] == ["en", "en"]
    assert found.columns["expected"] == ["delivery", "delivery"]


def test_a_column_of_the_file_is_not_written_over(tiny_run: Run, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "rows.csv", ["text", "predicted"], [["where is it", "mine"]] * 2)
    found = of_run(str(tiny_run.path), str(file), None, None)
    assert found.columns["predicted"] == ["mine", "mine"]
    assert len(found.columns["predicted (classify)"]) == 2


def test_a_bad_row_would_shift_the_vectors(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.zeros((2, 2)))
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n{"a": \n{"a": 2}\n')
    with pytest.raises(DataError, match=r"rows.jsonl:2"):
        of_file(str(tmp_path / "v.npy"), str(tmp_path / "rows.jsonl"), None)


def test_rows_without_answers(tiny_run: Run, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "rows.csv", ["text", "language"], [["where is it", "en"], ["hello", "de"]])
    found = of_run(str(tiny_run.path), str(file), None, None)
    assert list(found.columns) == ["text", "language", "predicted"]
    with pytest.raises(DataError, match="names the rows already"):
        of_run(str(tiny_run.path), str(file), "test", None)


@pytest.mark.parametrize("name", ["ner", "squad", "embed", "choice", "regress"])
def test_runs_of_other_tasks(name: str, tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe(name, {}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "run")
    found = of_run(str(run.path), None, None, 4)
    assert found.vectors.shape == (4, 32)
    assert len(found.columns["predicted"]) == 4
    json.dumps(found.columns)


def test_an_encoder_without_a_task(tiny_bert: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "rows.csv", ["text", "n"], [["where is it", 1], ["hello", 2]])
    found = of_run(str(tiny_bert), str(file), None, None)
    assert found.vectors.shape == (2, 32)
    with pytest.raises(DataError, match="is no Run"):
        of_run(str(tiny_bert), None, None, None)


def test_bits_in_rows_are_bits_too(tmp_path: Path) -> None:
    vectors = [[183, 16], [0, 255], [1, 2]]
    found = of_file(str(write_rows([{"vector": one} for one in vectors], tmp_path / "v.jsonl")), None, None)
    assert found.vectors.shape == (3, 16)
    assert found.vectors[0].tolist() == [1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0]
    signed = write_rows([{"vector": [127, -3]}, {"vector": [1, 2]}], tmp_path / "int8.jsonl")
    assert of_file(str(signed), None, None).vectors.shape == (2, 2)


def test_a_limit_hides_no_row_that_can_not_be_used(tiny_run: Run, tmp_path: Path) -> None:
    rows = [["", "delivery"], ["where is it", "delivery"], ["hello", "other"], ["my money", "refund"]]
    file = write_csv(tmp_path / "rows.csv", ["text", "label"], rows)
    with pytest.raises(DataError, match=r"rows.csv:2  "):
        of_run(str(tiny_run.path), str(file), None, 2)
