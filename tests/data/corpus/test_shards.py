"""Rows are read as they were written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertkit.data.corpus import shards
from bertkit.data.corpus.pairs import Row
from bertkit.data.corpus.shards import Shard


@pytest.mark.parametrize(("vocabulary", "dtype"), [(30_522, np.uint16), (250_002, np.int32)])
def test_rows_are_read_as_they_were_written(vocabulary: int, dtype, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    rows = []
    for i in range(100):
        a, b = (draw.integers(0, 2 * vocabulary, draw.integers(1, 20)).astype(np.uint32) for _ in range(2))
        rows.append(Row(a, b if i % 3 else None, i % 3 - 1))
    file = tmp_path / "a.arrow"
    shards.write(rows, {"random_next": 3}, file, vocabulary)
    assert [path.name for path in tmp_path.iterdir()] == ["a.arrow"]
    shard = Shard.open(file)
    assert len(shard) == 100
    assert shard.tokens.dtype == dtype
    for number, (a, b, label) in enumerate(rows):
        row = shard.row(number)
        marked = np.concatenate([a, b]) if b is not None else a
        starts = (marked & 1).astype(bool)
        starts[0] = True
        if b is not None:
            starts[len(a)] = True
        assert row["tokens"].dtype == np.int32
        assert row["tokens"].tolist() == (marked >> 1).tolist()
        assert row["starts"].dtype == bool
        assert row["starts"].tolist() == starts.tolist()
        assert (row["second"], row["label"]) == (len(a) if b is not None else 0, label)
    tokens = sum(len(a) + (0 if b is None else len(b)) for a, b, _ in rows)
    assert shards.counts_of(file) == {"random_next": 3, "rows": 100, "tokens": tokens}


def test_plain_arrow_reads_it(tmp_path: Path) -> None:
    import pyarrow as pa

    shards.write([Row(np.array([3, 5], np.uint16), None, -1)], {}, tmp_path / "a.arrow", 100)
    table = pa.ipc.open_file(tmp_path / "a.arrow").read_all()
    assert table.to_pylist() == [{"tokens": [1, 2], "starts": [True, True], "second": 0, "label": -1}]


def test_no_rows(tmp_path: Path) -> None:
    shards.write([], {}, tmp_path / "a.arrow", 100)
    assert len(Shard.open(tmp_path / "a.arrow")) == 0
    assert shards.counts_of(tmp_path / "a.arrow")["rows"] == 0
