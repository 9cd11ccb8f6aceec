"""The static backend: a vector per token of the vocabulary, and a text's vector is their mean. It needs numpy alone.

Model folder of an exported Run, as model2vec and sentence-transformers load it too (written by shrink/static.py):

model.safetensors   `embeddings` (token, size)
tokenizer.json      tokens that have no meaning of their own have a vector of zeros, and do not count
"""

from __future__ import annotations

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
    """The table of an exported Run.

    Args:
        folder: the Run's model folder.
        head: whose `reduce` gives `OUTPUT` alone.

    Raises:
        RunError: there is no table that can be used.
    """

    name = "static"
    tokens = 65536
    max_tokens = 10**6  # of one example: it has no positions

    def __init__(self, folder: Path, head: Head):
        super().__init__(head)
        from safetensors.numpy import load_file

        try:
            self._table = load_file(folder / WEIGHTS)[TABLE].astype(np.float32)
        except Exception as error:  # safetensors has a kind of its own for each fault
            what = f"can not be loaded: {str(error).strip() or type(error).__name__}"
            raise RunError.at(str(folder / WEIGHTS), what, "export the Run again") from error
        self._counts = np.abs(self._table).max(1) > 0  # (token,)

    @property
    def constants(self) -> dict[str, np.ndarray]:
        return {}

    def forward(self, batch: dict[str, Any]) -> Forward:
        """Without a loss, even if the batch has labels."""
        given = arrays(batch)
        mask = given["attention_mask"].astype(bool)  # (text, token)
        tokens = given["input_ids"][mask]
        starts = np.concatenate([[0], np.cumsum(mask.sum(1))[:-1]])
        sums = np.add.reduceat(self._table[tokens], starts, axis=0)  # (text, size)
        counts = np.add.reduceat(self._counts[tokens], starts, dtype=np.int64)
        vectors = sums / np.maximum(counts, 1)[:, None].astype(np.float32)
        return Forward({OUTPUT: vectors[np.maximum(given["places"], 0)]})
