"""BM25 of an index: the postings of its documents, derived from the table and kept beside it.

The table is the truth. A segment is a file with the postings of some documents; documents without one get one, and
those that are gone are left out of every figure. So whatever a kill leaves is made right at the next opening.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertkit.fs import cache_home, is_remote
from bertkit.search import lexical
from bertkit.search.index.store import Store
from bertkit.search.lexical import Segment, hash_of

Array = NDArray[Any]
log = logging.getLogger("bertkit")

BLOCK = 5000
"""Documents whose texts are in memory at once."""
OWN_FILES = "[0-9]*-????????.npz"
MOST = 16
"""Segments; with more they are merged."""


class Lexicon:
    """The postings of an index.

    Args:
        columns: whose texts count, joined by a space.
    """

    def __init__(self, store: Store, columns: Sequence[str]):
        self._store, self._columns = store, columns
        address = store.address
        own = cache_home() / "index" / hashlib.sha256(address.encode()).hexdigest()[:32]
        self._folder = own if is_remote(address) else Path(address) / "words"
        self.rows: list[Array] = []
        """Of each segment, `(document,)` int64: the documents' `bertkit_row`, rising."""
        self.segments: list[Segment] = []
        self.refresh()

    def refresh(self) -> None:
        """Make the postings those of the table as it is now."""
        self._folder.mkdir(parents=True, exist_ok=True)
        there = self._store.rows()
        self.rows, self.segments = [], []
        seen = np.zeros(0, dtype=np.int64)
        for file in sorted(self._folder.glob(OWN_FILES)):
            try:
                postings, rows = lexical.load(file)
            except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
                log.warning("%s: can not be read; its words are counted again", file)
                file.unlink(missing_ok=True)
                continue
            alive = np.isin(rows, there) & ~np.isin(rows, seen)
            if not alive.any():
                file.unlink(missing_ok=True)
                continue
            seen = np.union1d(seen, rows[alive])
            self.rows.append(rows)
            self.segments.append(Segment(postings, alive))
        missing = np.setdiff1d(there, seen)
        for first in range(0, len(missing), BLOCK):
            self._count(missing[first : first + BLOCK])
        if len(self.segments) > MOST:
            self._merge()

    def allowed(self, where: str | None) -> list[Array] | None:
        """Of each segment, which documents a filter keeps."""
        if where is None:
            return None
        kept = self._store.rows(where)
        return [np.isin(rows, kept) for rows in self.rows]

    def holding(self, words: Sequence[str]) -> list[int]:
        """How many documents hold each word."""
        counts = []
        for word in map(hash_of, words):
            own = [(s, s.postings.documents[s.postings.of(word)]) for s in self.segments]
            counts.append(sum(int(segment.alive[documents].sum()) for segment, documents in own))
        return counts

    def search(self, query: str, count: int, where: str | None = None) -> tuple[Array, Array]:
        """The `bertkit_row` and score of the best documents, `(hit,)` each; none with a score of 0."""
        found = lexical.search(self.segments, query, count, self.allowed(where))
        rows = [self.rows[segment][document] for segment, document in zip(found.segments, found.documents, strict=True)]
        return np.array(rows, dtype=np.int64), found.scores

    def _count(self, rows: Array) -> None:
        documents = self._store.at(rows.tolist(), self._columns)
        texts = [joined(documents.get(row, {}), self._columns) for row in rows.tolist()]
        self._keep(lexical.postings_of(texts), rows)

    def _keep(self, postings: lexical.Postings, rows: Array) -> None:
        file = self._folder / f"{int(rows[0]):012}-{secrets.token_hex(4)}.npz"
        lexical.save(postings, rows, file)
        self.rows.append(rows)
        self.segments.append(Segment(postings, np.ones(len(rows), dtype=bool)))

    def _merge(self) -> None:
        old = sorted(self._folder.glob(OWN_FILES))
        postings = lexical.merged(self.segments)
        rows = np.concatenate([own[segment.alive] for own, segment in zip(self.rows, self.segments, strict=True)])
        self.rows, self.segments = [], []
        self._keep(postings, rows)
        for file in old:
            file.unlink(missing_ok=True)


def joined(document: dict[str, Any], columns: Sequence[str]) -> str:
    """The text of a document: its title, if it has one, and its text."""
    return " ".join(str(document[name]) for name in columns if document.get(name))
