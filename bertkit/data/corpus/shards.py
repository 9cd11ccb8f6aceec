"""Rows on disk: Arrow files, read by memory map.

| column | holds |
|---|---|
| `tokens` | list of uint16, or int32 for a large vocabulary; no special tokens except separators between documents |
| `starts` | list of bool: whether a token is the first of a word; that of a segment always is |
| `second` | int32: start of the second segment in `tokens`; 0 if there is none |
| `label` | int8: -1 none; nsp 0 next, 1 random; sop 0 in order, 1 swapped |
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bertkit.data.corpus.pairs import Row
from bertkit.data.tokenizer.marked import ids_of, is_first
from bertkit.fs import written_aside


def write(rows: Sequence[Row], counts: dict[str, int], file: Path, vocabulary: int) -> None:
    """Write aside, then rename. `counts` is kept in the file (see `counts_of`)."""
    import pyarrow as pa

    segments = [segment for row in rows for segment in row[:2] if segment is not None]
    lengths = np.fromiter((len(row.first) + (0 if row.second is None else len(row.second)) for row in rows), np.int64)
    seconds = np.fromiter((0 if row.second is None else len(row.first) for row in rows), np.int32)
    marked = np.concatenate(segments) if segments else np.zeros(0, np.uint32)
    offsets = np.concatenate([[0], np.cumsum(lengths)])  # (row + 1,)
    starts = is_first(marked)
    starts[offsets[:-1]] = True
    starts[(offsets[:-1] + seconds)[seconds > 0]] = True
    numbers = ids_of(marked).astype(np.uint16 if vocabulary <= 2**16 else np.int32)
    ends = pa.array(offsets.astype(np.int32))
    columns = {
        "tokens": pa.ListArray.from_arrays(ends, pa.array(numbers)),
        "starts": pa.ListArray.from_arrays(ends, pa.array(starts)),
        "second": pa.array(seconds),
        "label": pa.array(np.fromiter((row.label for row in rows), np.int8)),
    }
    all_counts = {**counts, "rows": len(rows), "tokens": len(numbers)}
    batch = pa.record_batch(columns)
    batch = batch.replace_schema_metadata({"counts": json.dumps(all_counts)})
    with (
        written_aside(file) as aside,
        pa.OSFile(str(aside), "wb") as stream,
        pa.ipc.new_file(stream, batch.schema) as writer,
    ):
        writer.write_batch(batch)


@dataclass
class Shard:
    """The columns of a file, as views of its memory map.

    offsets: (row + 1,) positions in `tokens`; tokens: (token,); bits: (byte,) of `starts`, lowest bit first.
    """

    offsets: np.ndarray
    tokens: np.ndarray
    bits: np.ndarray
    second: np.ndarray
    label: np.ndarray

    @classmethod
    def open(cls, file: Path) -> Shard:
        """Raises pyarrow's ArrowInvalid, OSError or ValueError if the file is damaged."""
        batch = _batch(file)
        tokens = batch.column("tokens")
        starts = batch.column("starts").values
        return cls(
            np.asarray(tokens.offsets),
            np.asarray(tokens.values),
            np.frombuffer(starts.buffers()[1] or b"", np.uint8),
            np.asarray(batch.column("second")),
            np.asarray(batch.column("label")),
        )

    def __len__(self) -> int:
        return len(self.second)

    def row(self, number: int) -> dict[str, Any]:
        begin, end = int(self.offsets[number]), int(self.offsets[number + 1])
        bits = np.unpackbits(self.bits[begin >> 3 : (end + 7) >> 3], bitorder="little")
        first = begin & 7
        return {
            "tokens": self.tokens[begin:end].astype(np.int32),
            "starts": bits[first : first + end - begin].view(bool),
            "second": int(self.second[number]),
            "label": int(self.label[number]),
        }


def counts_of(file: Path) -> dict[str, int]:
    """The counts that were written with the file, with its `rows` and `tokens`."""
    return json.loads(_batch(file).schema.metadata[b"counts"])


def _batch(file: Path) -> Any:
    import mmap

    import pyarrow as pa

    with file.open("rb") as stream:  # numpy's and Arrow's maps keep the file open: too many files for large corpora
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    return pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped))).get_batch(0)
