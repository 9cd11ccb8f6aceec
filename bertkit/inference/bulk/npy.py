"""npy: the vectors of all rows as one array `(row, size)`, and nothing else, as `numpy.load` reads it.

A piece is an .npy of its own rows. Joined, the header is written for all rows, and the numbers are copied.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bertkit.inference.bulk.formats import Format, Piece, Row

COLUMN = "vector"


class Npy(Format):
    arrays = True

    def piece(self, rows: Sequence[Row], columns: Sequence[str]) -> Piece:
        stream = io.BytesIO()
        np.save(stream, np.stack([row[COLUMN] for row in rows]))  # (row, size)
        payload = stream.getvalue()
        return Piece([COLUMN], {"vectors": len(rows)}, lambda: payload)

    def join(self, pieces: Sequence[Piece], file: Path) -> None:
        rows = sum(piece.counts["vectors"] for piece in pieces)
        with file.open("wb") as stream:
            for number, piece in enumerate(pieces):
                part = io.BytesIO(piece.payload())
                np.lib.format.read_magic(part)
                (_, *size), _, dtype = np.lib.format.read_array_header_1_0(part)
                if not number:
                    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False}
                    np.lib.format.write_array_header_1_0(stream, {**header, "shape": (rows, *size)})
                assert len(part.getbuffer()) - part.tell() == piece.counts["vectors"] * math.prod(size) * dtype.itemsize
                stream.write(part.read())
