"""A corpus: a folder of rows for pre-training, read by memory map, with a manifest of what it was built from.

    manifest.json     version, options, tokenizer, sources, counts, and each shard with its rows and hash
    tokenizer.json    its tokenizer
    train/ validation/    shards (shards.py)

`build` builds one from texts (build.py), `cached` keeps it in the cache.
"""

from __future__ import annotations

import logging
import shutil
import time
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bertkit import processes as machine
from bertkit.data.corpus import summary
from bertkit.data.corpus.build import build, cached_folder, vocabulary_hash
from bertkit.data.corpus.manifest import MANIFEST, TOKENIZER, WORK, read_manifest
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.rounds import Progress
from bertkit.data.corpus.shards import Shard
from bertkit.data.lazy import LazySequence
from bertkit.errors import DataError, Problem
from bertkit.files.lock import Busy
from bertkit.files.manifest import sha256
from bertkit.fs import cores
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["Corpus", "CorpusOptions", "build", "cached", "is_corpus"]

log = logging.getLogger("bertkit")

Split = Literal["train", "validation", "all"]
PATIENCE = 1.0
"""Seconds between checks whether another training has built the corpus."""


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
        """The files that are gone or whose content has changed; reads every byte, about 1 GB per second and core."""
        hashes = {TOKENIZER: self.manifest["tokenizer"]["sha256"]}
        hashes |= {shard["file"]: shard["sha256"] for shard in self._entries()}
        with ThreadPoolExecutor(cores()) as threads:
            found = threads.map(_sha256, (self.path / name for name in hashes))
            return [name for (name, expected), now in zip(hashes.items(), found, strict=True) if now != expected]

    def check_content(self) -> None:
        """Raise a DataError if a file's content has changed."""
        if damaged := self.damaged():
            todo = "copy it again, or build the corpus again"
            raise DataError(*(Problem(str(self.path / name), "is damaged", todo) for name in damaged[:5]))

    def _entries(self) -> list[dict[str, Any]]:
        return [shard for shard in self.manifest["shards"] if self.split in ("all", shard["split"])]


def _sha256(file: Path) -> str:
    """Of a file's content; an empty text for one that can not be read."""
    try:
        return sha256(file)
    except OSError:
        return ""


def cached(
    sources: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    options: CorpusOptions,
    *,
    split: Split = "all",
    block: DataBlock | None = None,
    processes: int = 1,
    progress: Progress | None = None,
) -> Path:
    """The cached corpus of these sources and options; built if it is not in the cache, or if `split` is damaged there.

    Of several processes only the first builds; if another training is building the same corpus, this waits for it.
    """
    folder = cached_folder(sources, tokenizer, options, block or DataBlock())
    with machine.first_goes_first():
        if machine.local_rank() == 0:
            _remove_damaged(folder, split)
        built = False
        while not (folder / MANIFEST).is_file():
            try:
                build(sources, tokenizer, folder, options, block=block, processes=processes, progress=progress)
                built = True
            except Busy:  # another training is building the same
                time.sleep(PATIENCE)
        if not built and split != "validation":  # it warned of the whole corpus for `train`
            summary.warn(read_manifest(folder))
    return folder


def _remove_damaged(folder: Path, split: Split) -> None:
    try:
        if (folder / MANIFEST).is_file():
            Corpus.open(folder, split).check_content()
    except DataError as error:
        log.warning("%s: built again, as the cached corpus is damaged", error.problems[0].key)
        shutil.rmtree(folder, ignore_errors=True)


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
