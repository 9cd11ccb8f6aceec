"""Options that go together, and those that do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import DataError
from bertkit.inference.bulk.options import BulkOptions, VectorOutput
from bertkit.recipe.schema import DataBlock


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"probabilities": "each"}, "--probabilities  each: no such value"),
        ({"bad_rows": "kep"}, "--bad-rows  kep: no such value; did you mean keep?"),
        ({"format": "xlsx"}, "--format  xlsx: no such value"),
        ({"output": "a.csv", "format": "csv"}, "--format  is for a folder of shards"),
        ({"output": "a.jsonl", "excel": True}, "--excel  is for a csv"),
        ({"output": "a/", "excel": True}, "--excel  is for a csv"),
        ({"shard_rows": 5}, "--shard-rows  is for a folder of shards"),
        ({"output": "a/", "best_of": "q"}, "--best-of  needs all rows at once"),
        ({"output": "a.csv", "best_of": "q", "bad_rows": "keep"}, "--bad-rows  keep does not go with --best-of"),
        *[
            ({"output": "a.conll", **more}, f"--{name}  a.conll: a CoNLL file holds only words and tags; name a .jsonl")
            for name, more in (
                ("logits", {"logits": True}),
                ("top-k", {"top_k": 2}),
                ("columns", {"columns": ("a",)}),
                ("bad-rows", {"bad_rows": "keep"}),
            )
        ],
        ({"output": "a.xlsx"}, "the ending must be one of .csv, .tsv, .jsonl, .parquet, .conll"),
        ({"output": "nowhere/a.csv"}, "no such folder"),
    ],
)
def test_mistakes(options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as error:
        BulkOptions(**options).check([])
    assert message in str(error.value)


def test_what_they_mean(tmp_path: Path) -> None:
    assert (BulkOptions().is_printed, BulkOptions("-").ending) == (True, "")
    folder = BulkOptions(str(tmp_path))
    assert (folder.is_folder, folder.ending, folder.rows_of_shard) == (True, ".jsonl", 100_000)
    file = BulkOptions("a.csv", best_of="q", bad_rows="skip")
    assert (file.is_folder, file.ending, file.rows_of_shard) == (False, ".csv", 0)
    assert file.answer_columns.probabilities == "all"
    assert file.block(DataBlock()).bad_rows == "skip"
    assert BulkOptions("a.csv", bad_rows="keep").block(DataBlock(bad_rows="skip")).bad_rows == "skip"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "a.csv"}, "the ending must be one of .parquet, .npy, .jsonl"),
        ({"dtype": "int4"}, "--dtype  int4: no such value"),
        ({"output": "a/", "format": "csv"}, "--format  csv: no such value"),
        ({"output": "a.npy", "columns": ("id",)}, "--columns  a.npy: a .npy holds only vectors; name a .parquet"),
        ({"output": "a/", "format": "npy", "bad_rows": "keep"}, "--bad-rows  a/: a .npy holds only vectors"),
    ],
)
def test_mistakes_with_vectors(options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as error:
        VectorOutput(**options).check([])
    assert message in str(error.value)


def test_vectors_are_written_alone_to_an_npy() -> None:
    assert (VectorOutput("a.npy").kept, VectorOutput("a.parquet", ("id",)).kept) == ((), ("id",))
    assert (VectorOutput("a/").ending, VectorOutput("a/", format="npy").ending) == (".parquet", ".npy")
