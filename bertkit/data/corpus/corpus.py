"""A corpus: a folder of rows for pre-training, read by memory map, with a manifest of what it was built from.

    manifest.json     version, options, tokenizer, sources, counts, and each shard with its rows and hash
    tokenizer.json    its tokenizer
    train/ validation/    shards (shards.py)

`build` builds one from texts, `cached` keeps it in the cache (both from build.py).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bertkit.data.corpus.build import build, cached, vocabulary_hash
from bertkit.data.corpus.manifest import MANIFEST, TOKENIZER, WORK, read_manifest
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.shards import Shard
from bertkit.data.lazy import LazySequence
from bertkit.errors import DataError, Problem

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["Corpus", "CorpusOptions", "build", "cached", "is_corpus"]

Split = Literal["train", "validation", "all"]


def is_corpus(path: str | Path) -> bool:
    """Whether a folder holds a corpus, finished or being built."""
    return (Path(path) / MANIFEST).is_file() or (Path(path) / WORK).is_dir()


class Corpus(LazySequence):
    """The rows of a split: `{"tokens": (token,) int32, "starts": (token,) bool, "second": int, "label": int}`, see
    shards.py. A row is read when it is accessed."""

    def __init__(self, path: str | Path, split: Split = "train"):
        self.path, self.split = Path(path), split
        self.manifest = read_manifest(self.path)
        self._shards = _open_shards(self.path, self._entries())
        self._ends = np.cumsum([len(shard) for shard in self._shards], dtype=np.int64).tolist()

    @classmethod
    def open(cls, path: str | Path, split: Split = "train") -> Corpus:
        """The rows of a split; none if the split has no rows.

        Raises:
            DataError: not a corpus, an unfinished one, or one with missing or damaged shards.
        """
        return cls(path, split)

    @property
    def lengths(self) -> np.ndarray:
        """(row,) number of tokens of each row, without reading the tokens."""
        parts = [np.diff(shard.offsets) for shard in self._shards]
        return np.concatenate(parts) if parts else np.zeros(0, np.int32)

    def check_tokenizer(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Raise a DataError if a tokenizer has another vocabulary than the tokenizer of the corpus."""
        if vocabulary_hash(tokenizer) != self.manifest["tokenizer"]["vocabulary_sha256"]:
            what = "was built with a tokenizer with another vocabulary than the model's"
            raise DataError.at(str(self.path), what, f"use {self.path / TOKENIZER}, or build it again")

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def read(self, number: int) -> dict[str, Any]:
        shard = bisect_right(self._ends, number)
        return self._shards[shard].row(number - (self._ends[shard - 1] if shard else 0))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.split)

    def damaged(self) -> list[str]:
        """The shards whose content has changed; reads every byte."""
        return [shard["file"] for shard in self._entries() if _hash(self.path / shard["file"]) != shard["sha256"]]

    def _entries(self) -> list[dict[str, Any]]:
        return [shard for shard in self.manifest["shards"] if self.split in ("all", shard["split"])]


def _open_shards(folder: Path, entries: Sequence[dict[str, Any]]) -> list[Shard]:
    """The shards of these entries of a manifest."""
    import pyarrow as pa

    shards, problems, todo = [], [], "copy it again, or build the corpus again"
    for shard in entries:
        file = folder / shard["file"]
        try:
            if (size := file.stat().st_size) != shard["bytes"]:
                raise ValueError(f"it has {size:,} bytes of {shard['bytes']:,}")
            shards.append(Shard.open(file))
            if len(shards[-1]) != shard["rows"]:
                raise ValueError(f"it has {len(shards[-1]):,} rows of {shard['rows']:,}")
        except FileNotFoundError:
            problems.append(Problem(str(file), "is missing from the corpus", todo))
        except (OSError, ValueError, pa.ArrowException) as error:
            problems.append(Problem(str(file), "is damaged", todo, str(error)))
    if problems:
        more = len(problems) - 5
        rest = [Problem(str(folder), f"and {more:,} more shards are missing or damaged")] if more > 0 else []
        raise DataError(*problems[:5], *rest)
    return shards


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
