"""A part of a corpus on its way: the cut sentences of some thousand documents, in one file that is written whole.

Arrays one after the other in numpy's own format: the account (JSON), a hash a document, the marked tokens (see
tokens.py), where each sentence begins in them, and where each document begins in the sentences. Sentences of any
document are read from their places on disk, so that drawing them from the whole corpus takes no memory.
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
class Part:
    """Documents of sentences of tokens.

    tokens: (token,) marked; sentences: (sentence + 1,) their places in `tokens`; documents: (document + 1,) their
    places in `sentences`; hashes: (document, 2) uint64; counts: what is said of the part.
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
        """Write aside, then rename: a file under its name is whole."""
        with written_aside(file) as aside, aside.open("wb") as stream:
            np.save(stream, np.frombuffer(json.dumps(self.counts).encode(), np.uint8))
            for values in (self.hashes, self.tokens, self.sentences, self.documents):
                np.save(stream, values)

    @classmethod
    def read(cls, file: Path) -> Part:
        with file.open("rb") as stream:
            counts = _counts(stream)
            hashes, tokens, sentences, documents = (np.load(stream) for _ in range(4))
        return cls(tokens, sentences, documents, hashes, counts)


def account(file: Path) -> tuple[dict[str, int], np.ndarray]:
    """The counts and the hashes alone."""
    with file.open("rb") as stream:
        return _counts(stream), np.load(stream)


class Elsewhere:
    """Sentences of any document of a split.

    Args:
        folder: where the parts are.
        table: a file with the documents of the split: part * 2**32 + number in the part.
    """

    def __init__(self, folder: Path, table: Path):
        self._folder = folder
        self._table = np.load(table, mmap_mode="r")
        self._places = lru_cache(maxsize=200)(_places)  # open files; a system's usual limit is 1,024

    def __len__(self) -> int:
        return len(self._table)

    def sentences(self, number: int, wanted: int, draw: random.Random) -> np.ndarray:
        """Marked tokens of whole sentences from a random one on, until there are `wanted`, or the document ends.

        Args:
            number: of the document, in the table.
        """
        part, document = divmod(int(self._table[number]), 2**32)
        file, (tokens, sentences, documents) = self._places(self._folder, part)
        first, last = _numbers(file, documents, document, 2)
        start = draw.randrange(first, last)
        # Every sentence has a token at least, so there is no need to look further.
        ends = _numbers(file, sentences, start, min(last - start, max(wanted, 1)) + 1)
        enough = int(np.searchsorted(ends[1:], ends[0] + wanted)) + 1
        return _numbers(file, tokens, int(ends[0]), int(ends[min(enough, len(ends) - 1)] - ends[0]))


def name(part: int) -> str:
    return f"{part:06d}.part"


def _counts(stream: BinaryIO) -> dict[str, int]:
    return json.loads(np.load(stream).tobytes())


def _places(folder: Path, part: int) -> tuple[Any, list[tuple[int, np.dtype]]]:
    """The open file, and where the numbers of its arrays begin."""
    opened = (folder / name(part)).open("rb", buffering=0)
    places = []
    for _ in range(5):
        version = np.lib.format.read_magic(opened)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(opened)
        places.append((opened.tell(), dtype))
        opened.seek(int(np.prod(shape)) * dtype.itemsize, os.SEEK_CUR)
    return opened, places[2:]


def _numbers(file: Any, array: tuple[int, np.dtype], start: int, count: int) -> np.ndarray:
    begin, dtype = array
    return np.frombuffer(os.pread(file.fileno(), count * dtype.itemsize, begin + start * dtype.itemsize), dtype)
