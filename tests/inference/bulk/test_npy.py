"""npy: pieces joined are one array, as numpy itself writes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertkit.inference.bulk.npy import Npy
from bertkit.inference.bulk.options import VectorOutput
from bertkit.inference.vectors import Dtype, VectorColumns, quantized


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "binary"])
def test_pieces_are_joined_to_the_array_of_all(dtype: Dtype, tmp_path: Path) -> None:
    drawn = quantized(np.random.default_rng(0).normal(size=(7, 12)).astype(np.float32), dtype)
    np.save(tmp_path / "whole.npy", drawn)
    parts = [drawn[:3], drawn[3:4], drawn[4:]]
    pieces = [Npy().piece([{"vector": one, "more": 1} for one in part], ["more", "vector"]) for part in parts]
    Npy().join(pieces, tmp_path / "a.npy")
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_arrays_are_for_formats_that_hold_them(tmp_path: Path) -> None:
    def columns(name: str) -> VectorColumns:
        found = VectorOutput(f"{tmp_path}/{name}", dtype="int8").answer_columns
        assert isinstance(found, VectorColumns)
        assert found.dtype == "int8"
        return found

    assert [columns(name).arrays for name in ("a.npy", "a.parquet", "a.jsonl")] == [True, True, False]
    assert columns("folder/").arrays  # of parquet
    assert not VectorOutput().answer_columns.arrays  # type: ignore[attr-defined]
