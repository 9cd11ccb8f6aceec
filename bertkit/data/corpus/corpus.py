"""A corpus: a folder of rows to pre-train on, read by memory map, with a manifest that says what it was made of.

    manifest.json     version, options, tokenizer, sources, counts, and each shard with its rows and hash
    tokenizer.json    the tokenizer that cut it
    train/ validation/    shards (shards.py)

`build` makes one of texts, `cached` keeps it by its contents (both from corpus_build.py).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bertkit.data.corpus.build import MANIFEST, TOKENIZER, WORK, build, cached, read_manifest, vocabulary_hash
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.shards import Shard
from bertkit.errors import DataError, Problem

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["Corpus", "CorpusOptions", "build", "cached", "is_corpus"]

Split = Literal["train", "validation", "all"]


def is_corpus(path: str | Path) -> bool:
    """Whether a folder holds a finished corpus, or one that is being built."""
    return (Path(path) / MANIFEST).is_file() or (Path(path) / WORK).is_dir()


class Corpus(Sequence[dict[str, Any]]):
    """The rows of a split: `{"tokens": (token,) int32, "starts": (token,) bool, "second": int, "label": int}`, see
    shards.py. They are read when they are asked for."""

    def __init__(self, path: str | Path, split: Split = "train"):
        self.path, self.split = Path(path), split
        self.manifest = read_manifest(self.path)
        told = [shard for shard in self.manifest["shards"] if split in ("all", shard["split"])]
        self._shards = _opened(self.path, told)
        self._ends = np.cumsum([len(shard) for shard in self._shards], dtype=np.int64).tolist()

    @classmethod
    def open(cls, path: str | Path, split: Split = "train") -> Corpus:
        """The rows of a split; none where the corpus has no such rows.

        Raises:
            DataError: no corpus, one that is unfinished, or one with shards that are missing or torn.
        """
        return cls(path, split)

    @property
    def lengths(self) -> np.ndarray:
        """(row,) tokens of each row, which are not read for it."""
        parts = [np.diff(shard.offsets) for shard in self._shards]
        return np.concatenate(parts) if parts else np.zeros(0, np.int32)

    def check_tokenizer(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Raise a DataError where a tokenizer numbers its tokens otherwise than the one that cut the corpus."""
        if vocabulary_hash(tokenizer) != self.manifest["tokenizer"]["vocabulary_sha256"]:
            what = "was cut by a tokenizer with another vocabulary than the model's"
            raise DataError.at(str(self.path), what, f"its own is {self.path / TOKENIZER}; or build it again")

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        if number < 0:
            number += len(self)
        if not 0 <= number < len(self):
            raise IndexError(number)
        shard = bisect_right(self._ends, number)
        return self._shards[shard].row(number - (self._ends[shard - 1] if shard else 0))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.split)

    def damaged(self) -> list[str]:
        """The shards whose content is not what was written: every byte is read."""
        told = [shard for shard in self.manifest["shards"] if self.split in ("all", shard["split"])]
        return [shard["file"] for shard in told if _hash(self.path / shard["file"]) != shard["sha256"]]


def _opened(folder: Path, told: Sequence[dict[str, Any]]) -> list[Shard]:
    import pyarrow as pa

    found, problems = [], []
    for shard in told:
        file = folder / shard["file"]
        try:
            if (size := file.stat().st_size) != shard["bytes"]:
                raise ValueError(f"it has {size:,} bytes of {shard['bytes']:,}")
            found.append(Shard.open(file))
            if len(found[-1]) != shard["rows"]:
                raise ValueError(f"it has {len(found[-1]):,} rows of {shard['rows']:,}")
        except FileNotFoundError:
            problems.append(
                Problem(str(file), "is missing from the corpus", "copy it again, or build the corpus again")
            )
        except (OSError, ValueError, pa.ArrowException) as error:
            problems.append(Problem(str(file), f"is torn: {error}", "copy it again, or build the corpus again"))
    if problems:
        more = len(problems) - 5
        rest = [Problem(str(folder), f"and {more:,} more shards are missing or torn")] if more > 0 else []
        raise DataError(*problems[:5], *rest)
    return found


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
