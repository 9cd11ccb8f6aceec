"""A part of a corpus being built: the tokenized sentences of some thousand documents, in one file.

The file holds arrays in numpy's format: the counts (JSON), a hash per document, the marked tokens (see marked.py), the
start of each sentence in them, and the start of each document in the sentences. Random sentences are read from their
positions on disk, so that drawing them from the whole corpus takes no memory.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bertkit.fs import written_aside


@dataclass
class CorpusPart:
    """Documents of sentences of tokens.

    tokens: (token,) marked; sentences: (sentence + 1,) their positions in `tokens`; documents: (document + 1,) their
    positions in `sentences`; hashes: (document, 2) uint64; counts: what was counted in the part.
    """

    tokens: np.ndarray
    sentences: np.ndarray
    documents: np.ndarray
    hashes: np.ndarray
    counts: dict[str, int]

    def __len__(self) -> int:
        return len(self.documents) - 1

    @property
    def lengths(self) -> np.ndarray:
        """(document,) tokens of each."""
        return np.diff(self.sentences[self.documents])

    def write(self, file: Path) -> None:
        """Write aside, then rename: a file under this name is complete."""
        with written_aside(file) as aside, aside.open("wb") as stream:
            np.save(stream, np.frombuffer(json.dumps(self.counts).encode(), np.uint8))
            for values in (self.hashes, self.tokens, self.sentences, self.documents):
                np.save(stream, values)

    @classmethod
    def read(cls, file: Path) -> CorpusPart:
        with file.open("rb") as stream:
            counts = _counts(stream)
            hashes, tokens, sentences, documents = (np.load(stream) for _ in range(4))
        return cls(tokens, sentences, documents, hashes, counts)


def read_summary(file: Path) -> tuple[dict[str, int], np.ndarray]:
    """The counts and the hashes of a part, without its tokens."""
    with file.open("rb") as stream:
        return _counts(stream), np.load(stream)


class RandomSentences:
    """Draws sentences from any document of a split.

    Args:
        folder: the folder of the parts.
        table: file with the documents of the split: part * 2**32 + number in the part.
    """

    def __init__(self, folder: Path, table: Path):
        self._folder = folder
        self._table = np.load(table, mmap_mode="r")
        self._places = lru_cache(maxsize=200)(_places)  # open files; a system's usual limit is 1,024

    def __len__(self) -> int:
        return len(self._table)

    def sample(self, number: int, wanted: int, draw: random.Random) -> np.ndarray:
        """Marked tokens of whole sentences from a random one on, until there are `wanted` or the document ends.

        Args:
            number: number of the document in the table.
        """
        part, document = divmod(int(self._table[number]), 2**32)
        file, (tokens, sentences, documents) = self._places(self._folder, part)
        first, last = _numbers(file, documents, document, 2)
        start = draw.randrange(first, last)
        # Every sentence has at least one token, so at most `wanted` sentences are needed.
        ends = _numbers(file, sentences, start, min(last - start, max(wanted, 1)) + 1)
        enough = int(np.searchsorted(ends[1:], ends[0] + wanted)) + 1
        return _numbers(file, tokens, int(ends[0]), int(ends[min(enough, len(ends) - 1)] - ends[0]))


def name(part: int) -> str:
    return f"{part:06d}.part"


def _counts(stream: BinaryIO) -> dict[str, int]:
    return json.loads(np.load(stream).tobytes())


def _places(folder: Path, part: int) -> tuple[Any, list[tuple[int, np.dtype]]]:
    """The open file, and the position and type of each of its last three arrays."""
    file = (folder / name(part)).open("rb", buffering=0)
    places = []
    for _ in range(5):
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
        places.append((file.tell(), dtype))
        file.seek(int(np.prod(shape)) * dtype.itemsize, os.SEEK_CUR)
    return file, places[2:]


def _numbers(file: Any, array: tuple[int, np.dtype], start: int, count: int) -> np.ndarray:
    begin, dtype = array
    return np.frombuffer(os.pread(file.fileno(), count * dtype.itemsize, begin + start * dtype.itemsize), dtype)
