"""Documents -> rows to pre-train on.

`nsp` is the rule of google-research/bert's create_pretraining_data.py (Devlin et al. 2018, appendix A.2): sentences are
gathered up to a target length, split at a random place into A and B, and where there is only one sentence, or a coin
says so, B is sentences of another document, and those that it replaces are put back. What is too long loses tokens of
the longer side, at the front or at the back by a coin a token: the text of a sentence beyond the row is lost, and
counted.

`sop` (Lan et al. 2020, section 3.1) has A and B of the same text, in order or swapped. `none` is FULL-SENTENCES (Liu et
al. 2019, section 4.2): whole sentences up to the length, beyond the end of a document with a separator between; a
sentence that is longer than a row goes on in the next, so nothing is lost.

Two deviations from Google's script. The target length is drawn for each row; there, once a document, so that one book
in ten would become rows of one short length (`short_by: document` gives that). And a lone sentence that has no other
document to be followed by, or no order, is split at a word of its own, instead of being paired with itself or dropped.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.parts import Elsewhere, Part


class Row(NamedTuple):
    """Marked tokens (see tokens.py) of one or two segments. `label`: nsp 0 next, 1 random; sop 0 in order, 1 swapped;
    else -1."""

    first: np.ndarray
    second: np.ndarray | None
    label: int


class Pairs:
    """Makes the pairs of documents.

    Args:
        room: tokens of a row at most, without special ones.
        draw: decides everything that is left to chance.
        elsewhere: documents for random next sentences; None for `sop`, or where there is one document only.
        counts: `rows`, `random_next`, `swapped`, `short_rows` (of a shorter target), `tokens_truncated` and
            `tokens_left_out` (of lone words) are counted here.
    """

    def __init__(
        self,
        options: CorpusOptions,
        room: int,
        draw: random.Random,
        elsewhere: Elsewhere | None,
        counts: Counter[str],
    ):
        self._options, self._room, self._draw = options, room, draw
        self._elsewhere, self._counts = elsewhere, counts

    def rows(self, part: Part, document: int, number: int) -> Iterator[Row]:
        """The pairs of a document of the part, which has this number among those of `elsewhere`."""
        begin, end = int(part.documents[document]), int(part.documents[document + 1])
        places = part.sentences[begin : end + 1].tolist()
        make = self._swapped if self._options.pairs == "sop" else self._next
        fixed = self._target() if self._options.short_by == "document" else 0
        start = 0
        while start < end - begin:
            target = fixed or self._target()
            stop = min(bisect_left(places, places[start] + target, start + 1), end - begin)
            row, start = make(part, places, start, stop, target, number)
            if row:
                self._counts["rows"] += 1
                self._counts["short_rows"] += target < self._room
                yield row

    def _target(self) -> int:
        if self._draw.random() < self._options.short_share:
            return self._draw.randint(2, self._room)
        return self._room

    def _next(
        self, part: Part, places: list[int], start: int, stop: int, target: int, number: int
    ) -> tuple[Row | None, int]:
        """A pair of sentences from `start` to before `stop` at most, and where the next one begins."""
        draw = self._draw
        alone = stop - start == 1
        cut = stop if alone else draw.randint(start + 1, stop - 1)
        first = part.tokens[places[start] : places[cut]]
        if self._elsewhere is not None and (alone or draw.random() < 0.5):
            other = draw.randrange(len(self._elsewhere) - 1)
            found = self._elsewhere.sentences(other + (other >= number), target - len(first), draw)
            self._counts["random_next"] += 1
            return Row(*self._fitted(first, found, copied=True), 1), cut
        if alone:
            halves = self._halves(first)
            return (Row(*self._fitted(*halves), 0) if halves else None), stop
        return Row(*self._fitted(first, part.tokens[places[cut] : places[stop]]), 0), stop

    def _swapped(
        self, part: Part, places: list[int], start: int, stop: int, target: int, number: int
    ) -> tuple[Row | None, int]:
        draw = self._draw
        if stop - start == 1 and stop < len(places) - 1:
            stop += 1  # an order takes two
        if stop - start == 1:
            halves = self._halves(part.tokens[places[start] : places[stop]])
            if halves is None:
                return None, stop
            first, second = halves
        else:
            cut = draw.randint(start + 1, stop - 1)
            first, second = part.tokens[places[start] : places[cut]], part.tokens[places[cut] : places[stop]]
        if swap := draw.random() < 0.5:
            first, second = second, first
        self._counts["swapped"] += swap
        return Row(*self._fitted(first, second), int(swap)), stop

    def _halves(self, sentence: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """A sentence parted at a random word; None where it has one word only, which is counted."""
        begins = np.flatnonzero(sentence[1:] & 1) + 1
        if len(begins) == 0:
            self._counts["tokens_left_out"] += len(sentence)
            return None
        cut = int(begins[self._draw.randrange(len(begins))])
        return sentence[:cut], sentence[cut:]

    def _fitted(self, a: np.ndarray, b: np.ndarray, *, copied: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Both cut until they fit the row. `copied`: B is another document's, so no text of it is lost."""
        from_a, from_b = _excess(len(a), len(b), self._room)
        if from_a or from_b:
            self._counts["tokens_truncated"] += from_a + (0 if copied else from_b)
            a, b = self._shortened(a, from_a), self._shortened(b, from_b)
        return a, b

    def _shortened(self, segment: np.ndarray, less: int) -> np.ndarray:
        front = self._draw.getrandbits(less).bit_count() if less else 0  # a coin for each token
        return segment[front : len(segment) - (less - front)]


def packed(part: Part, documents: np.ndarray, room: int, separator: int, counts: Counter[str]) -> Iterator[Row]:
    """Rows of whole sentences of these documents of a part, one after the other.

    Args:
        separator: the marked token between two documents.
        counts: `rows` and `sentences_cut` (those that go on in the next row) are counted here.
    """
    if len(documents) == 0:
        return
    tokens, ends = _stream(part, documents, separator)
    begin, total = 0, len(tokens)
    while begin < total:
        if begin and tokens[begin] == separator:
            begin += 1  # the row's own end stands for it
        place = int(np.searchsorted(ends, begin + room, side="right")) - 1
        end = int(ends[place]) if place >= 0 and ends[place] > begin else min(begin + room, total)
        counts["sentences_cut"] += bool(place < 0 or ends[place] <= begin)
        counts["rows"] += 1
        yield Row(tokens[begin:end], None, -1)
        begin = end


def _stream(part: Part, documents: np.ndarray, separator: int) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of the documents with separators between, and where each sentence ends in them. A separator belongs
    to the sentence after it."""
    tokens: list[np.ndarray] = []
    ends: list[np.ndarray] = []
    at = 0
    mark = np.array([separator], part.tokens.dtype)
    for document in documents.tolist():
        begin, end = part.documents[document], part.documents[document + 1]
        places = part.sentences[begin : end + 1].astype(np.int64)
        if at:
            tokens.append(mark)
            at += 1
        tokens.append(part.tokens[places[0] : places[-1]])
        ends.append(at + places[1:] - places[0])
        at += int(places[-1] - places[0])
    return np.concatenate(tokens), np.concatenate(ends)


def _excess(a: int, b: int, room: int) -> tuple[int, int]:
    """How many tokens each side loses where the longer one always loses the next, and B where they are equal."""
    over = max(0, a + b - room)
    from_longer = min(over, abs(a - b))
    rest = over - from_longer
    less_b, less_a = (rest + 1) // 2, rest // 2
    return (less_a + from_longer, less_b) if a > b else (less_a, less_b + from_longer)
