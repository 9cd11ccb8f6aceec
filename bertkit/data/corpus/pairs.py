"""Documents -> rows for pre-training.

`nsp` follows google-research/bert's create_pretraining_data.py (Devlin et al. 2018, appendix A.2): sentences are
collected up to a target length and split at random into A and B. If there is only one sentence, or with probability
0.5, B is taken from another document, and the sentences that it replaces are used again. Pairs that are too long lose
tokens of the longer segment, each at the front or the back with equal probability; the lost tokens are counted.

`sop` (Lan et al. 2020, section 3.1) has A and B from the same text, in order or swapped. `none` is FULL-SENTENCES (Liu
et al. 2019, section 4.2): whole sentences up to the length, across documents with a separator between them; a sentence
that is longer than a row continues in the next row, so nothing is lost.

Two deviations from Google's script. The target length is drawn per row; there, per document, so that one book in ten
becomes rows of one short length (`short_by: document` does the same). And a single sentence without another document to
be paired with, or without an order, is split at a random word instead of being paired with itself or dropped.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.parts import CorpusPart, RandomSentences
from bertkit.data.tokenizer.marked import is_first
from bertkit.data.windows import pair_lengths


class Row(NamedTuple):
    """Marked tokens (see marked.py) of one or two segments. `label`: nsp 0 next, 1 random; sop 0 in order, 1 swapped;
    else -1."""

    first: np.ndarray
    second: np.ndarray | None
    label: int


class PairSampler:
    """Draws the pairs of documents.

    Args:
        room: most tokens of a row, without special ones.
        draw: source of all random choices.
        random_sentences: documents for random next sentences; None for `sop`, or if there is only one document.
        counts: `rows`, `random_next`, `swapped`, `short_rows` (with a shorter target), `tokens_truncated` and
            `tokens_left_out` (of single words) are counted here.
    """

    def __init__(
        self,
        options: CorpusOptions,
        room: int,
        draw: random.Random,
        random_sentences: RandomSentences | None,
        counts: Counter[str],
    ):
        self._options, self._room, self._draw = options, room, draw
        self._random_sentences, self._counts = random_sentences, counts

    def rows(self, part: CorpusPart, document: int, number: int) -> Iterator[Row]:
        """The pairs of a document of the part; `number` is its number in `random_sentences`."""
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
        self, part: CorpusPart, places: list[int], start: int, stop: int, target: int, number: int
    ) -> tuple[Row | None, int]:
        """A pair of sentences from `start` to before `stop` at most, and where the next pair starts."""
        draw = self._draw
        alone = stop - start == 1
        middle = stop if alone else draw.randint(start + 1, stop - 1)
        first = part.tokens[places[start] : places[middle]]
        if self._random_sentences is not None and (alone or draw.random() < 0.5):
            other = draw.randrange(len(self._random_sentences) - 1)
            second = self._random_sentences.sample(other + (other >= number), target - len(first), draw)
            self._counts["random_next"] += 1
            return Row(*self._truncated(first, second, copied=True), 1), middle
        if alone:
            halves = self._halves(first)
            return (Row(*self._truncated(*halves), 0) if halves else None), stop
        return Row(*self._truncated(first, part.tokens[places[middle] : places[stop]]), 0), stop

    def _swapped(
        self, part: CorpusPart, places: list[int], start: int, stop: int, target: int, number: int
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
            middle = draw.randint(start + 1, stop - 1)
            first, second = part.tokens[places[start] : places[middle]], part.tokens[places[middle] : places[stop]]
        if swap := draw.random() < 0.5:
            first, second = second, first
        self._counts["swapped"] += swap
        return Row(*self._truncated(first, second), int(swap)), stop

    def _halves(self, sentence: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """A sentence split at a random word; None if it has only one word, which is counted."""
        word_starts = np.flatnonzero(is_first(sentence[1:])) + 1
        if len(word_starts) == 0:
            self._counts["tokens_left_out"] += len(sentence)
            return None
        middle = int(word_starts[self._draw.randrange(len(word_starts))])
        return sentence[:middle], sentence[middle:]

    def _truncated(self, a: np.ndarray, b: np.ndarray, *, copied: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Both truncated until they fit the row. `copied`: B is used elsewhere too, so none of its text is lost."""
        kept_a, kept_b = pair_lengths(len(a), len(b), self._room)
        from_a, from_b = len(a) - kept_a, len(b) - kept_b
        if from_a or from_b:
            self._counts["tokens_truncated"] += from_a + (0 if copied else from_b)
            a, b = self._shortened(a, from_a), self._shortened(b, from_b)
        return a, b

    def _shortened(self, segment: np.ndarray, less: int) -> np.ndarray:
        front = self._draw.getrandbits(less).bit_count() if less else 0  # one random bit per token
        return segment[front : len(segment) - (less - front)]


def packed(part: CorpusPart, documents: np.ndarray, room: int, separator: int, counts: Counter[str]) -> Iterator[Row]:
    """Rows of whole sentences of these documents of a part, one after the other.

    Args:
        separator: marked token between two documents.
        counts: `rows` and `sentences_cut` (those that continue in the next row) are counted here.
    """
    if len(documents) == 0:
        return
    tokens, ends = _stream(part, documents, separator)
    begin, total = 0, len(tokens)
    while begin < total:
        if begin and tokens[begin] == separator:
            begin += 1  # the end of the row takes its place
        place = int(np.searchsorted(ends, begin + room, side="right")) - 1
        end = int(ends[place]) if place >= 0 and ends[place] > begin else min(begin + room, total)
        counts["sentences_cut"] += bool(place < 0 or ends[place] <= begin)
        counts["rows"] += 1
        yield Row(tokens[begin:end], None, -1)
        begin = end


def _stream(part: CorpusPart, documents: np.ndarray, separator: int) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of the documents with separators between them, and the end of each sentence. A separator belongs to
    the sentence after it."""
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
