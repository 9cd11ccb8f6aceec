"""The static backend: a vector per token of the vocabulary, and a text's vector is their mean. It needs numpy alone.

The folder is that of model2vec, whose models are read too; that of an exported Run (written by shrink/static.py):

model.safetensors   `embeddings` (token, size); model2vec's may have `mapping` and `weights` (token,) too, where several
                    tokens share a vector
tokenizer.json      tokens that have no meaning of their own have a vector of zeros, and do not count
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bertkit.engine.backends.backend import Backend, Forward
from bertkit.engine.batches import arrays
from bertkit.errors import RunError

if TYPE_CHECKING:
    from bertkit.tasks.head import Head

WEIGHTS, TABLE = "model.safetensors", "embeddings"
OUTPUT = "vectors"
"""The output of a head that a table of vectors can compute: `(row, text, size)`, a vector of each text of a batch."""


class StaticBackend(Backend):
    """A table of vectors.

    Args:
        folder: of the model.
        head: whose `reduce` gives `OUTPUT` alone.
        unknown: number of the token for unknown words, which does not count.

    Raises:
        RunError: there is no table that can be used.
    """

    name = "static"
    tokens = 65536
    max_tokens = 10**6  # of one example: it has no positions

    def __init__(self, folder: Path, head: Head, *, unknown: int | None = None):
        super().__init__(head)
        from safetensors.numpy import load_file

        try:
            found = load_file(folder / WEIGHTS)
            self._table = found[TABLE].astype(np.float32)[found.get("mapping", slice(None))]
            self._table *= found.get("weights", np.ones(1))[:, None].astype(np.float32)
        except Exception as error:  # safetensors has a kind of its own for each fault
            what = f"can not be loaded: {str(error).strip() or type(error).__name__}"
            raise RunError.at(str(folder / WEIGHTS), what, "copy the model again, or make it again") from error
        if unknown is not None:
            self._table[unknown] = 0
        self._counts = np.abs(self._table).max(1) > 0  # (token,)

    @property
    def constants(self) -> dict[str, np.ndarray]:
        return {}

    def weights(self) -> Iterator[tuple[str, np.ndarray]]:
        yield TABLE, self._table

    def forward(self, batch: dict[str, Any]) -> Forward:
        """Without a loss, even if the batch has labels."""
        given = arrays(batch)
        mask = given["attention_mask"].astype(bool)  # (text, token)
        tokens = given["input_ids"][mask]
        full = mask.any(1)  # (text,): a text may have no token, and the sum of none is 0
        starts = np.concatenate([[0], np.cumsum(mask[full].sum(1))[:-1]])
        sums = np.zeros((len(mask), self._table.shape[1]), dtype=np.float32)  # (text, size)
        counts = np.zeros(len(mask), dtype=np.int64)
        if full.any():
            sums[full] = np.add.reduceat(self._table[tokens], starts, axis=0)
            counts[full] = np.add.reduceat(self._counts[tokens], starts, dtype=np.int64)
        vectors = sums / np.maximum(counts, 1)[:, None].astype(np.float32)
        return Forward({OUTPUT: vectors[np.maximum(given["places"], 0)]})
