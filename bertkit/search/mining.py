"""Hard negatives: for each pair of a text and its positive, texts near the text that do not belong to it.

The nearest other texts are often right answers that nobody marked. So a candidate is taken only if its cosine with the
text is below that of the positive by a margin, relative to it: `TopK-PercPos` of NV-Retriever (Moreira et al.
2024). The price: of a positive that the model does not see as near, few candidates are left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray

from bertkit.engine.run import Progress
from bertkit.errors import DataError, Parameter, Problem
from bertkit.inference.predictor import Predictor
from bertkit.search import exact
from bertkit.search.vectors import for_documents, vectors

Array = NDArray[Any]

SLICE = 1000
"""Texts that are searched for at a time."""


class TextPair(NamedTuple):
    text: str
    positive: str


@dataclass(frozen=True)
class MiningOptions:
    """Which candidates are taken."""

    negatives: int = 1
    """Of each pair, at most."""
    first: int = 1
    last: int = 100
    """Ranks among the other texts, from 1, both included."""
    margin: float = 0.05
    """Share of the positive's cosine by which that of a negative is lower; the default is NV-Retriever's."""

    def check(self) -> None:
        """Raise a DataError for values that leave nothing to take."""
        problems = []
        if not 0 <= self.margin < 1:
            todo = "a share of the positive's cosine: 0.05"
            problems.append(Problem(Parameter("margin"), f"{self.margin:g} is not from 0 to below 1", todo))
        if self.last < self.first:
            problems.append(Problem(Parameter("to"), f"{self.last} is below --from {self.first}", "raise it"))
        elif self.last - self.first + 1 < self.negatives:
            what = f"ranks {self.first} to {self.last} hold fewer than --negatives {self.negatives}"
            problems.append(Problem(Parameter("to"), what, "raise it"))
        if problems:
            raise DataError(*problems)


class Mined(NamedTuple):
    """What was found for the pairs."""

    negatives: list[list[str]]
    """Of each pair, the nearest first."""
    suspicious: list[dict[str, Any]]
    """Candidates as near to a text as its positive: `text`, `positive`, `candidate`, `cosine` of the candidate and
    `positive_cosine`; the nearest first."""


def mine(
    pairs: Sequence[TextPair],
    corpus: Sequence[str],
    predictor: Predictor,
    options: MiningOptions,
    progress: Callable[[str], Progress],
) -> Mined:
    """Negatives of each pair, the same for the same input.

    Args:
        pairs: a text may have several positives.
        corpus: texts to take negatives from; empty: the positives.
        predictor: of a task whose answers are vectors.

    Raises:
        DataError: there is no other text.
        ModelError: the vectors hold NaN or infinity.
    """
    texts = list(dict.fromkeys(pair.text for pair in pairs))
    documents = list(dict.fromkeys([*(corpus or ()), *(pair.positive for pair in pairs)]))
    candidates = len({*corpus}) or len(documents)
    if candidates + bool(corpus) < 2:
        what = f"{len(pairs)} row(s) with one positive: there is no other text to take as a negative"
        raise DataError.at(Parameter("pairs"), what, "add rows, or name texts with --corpus")
    found = []
    for reader, own, what in ((predictor, texts, "texts"), (for_documents(predictor), documents, "candidates")):
        kept = vectors(reader, own, None, None, what)
        kept.compute(progress)
        found.append(kept.whole())
    return _Search(pairs, texts, documents, candidates, options).run(*found)


class _Search:
    def __init__(
        self, pairs: Sequence[TextPair], texts: list[str], documents: list[str], candidates: int, options: MiningOptions
    ):
        self.pairs, self.texts, self.documents, self.options = pairs, texts, documents, options
        self.candidates = candidates
        """The first so many documents may be negatives."""
        self.number = {document: place for place, document in enumerate(documents)}
        self.same = [_plain(document) for document in documents]
        self.copies = Counter(self.same)
        self.rows: dict[str, list[int]] = {text: [] for text in texts}
        for row, pair in enumerate(pairs):
            self.rows[pair.text].append(row)

    def run(self, queries: Array, documents: Array) -> Mined:
        mined = Mined([[] for _ in self.pairs], [])
        for text, query, numbers, cosines in self._hits(queries, documents):
            for row in self.rows[text]:
                positive = self.pairs[row].positive
                near = float(query @ documents[self.number[positive]])
                self._take(mined, row, near, numbers, cosines)
        mined.suspicious.sort(key=lambda one: -one["cosine"])  # stable: of equal ones in the order of the rows
        return mined

    def _hits(self, queries: Array, documents: Array) -> Iterator[tuple[str, Array, list[int], list[float]]]:
        """Each text, its vector, and its candidates by falling cosine: without itself and its positives."""
        for start in range(0, len(self.texts), SLICE):
            some = self.texts[start : start + SLICE]
            own = [{_plain(text), *(_plain(self.pairs[row].positive) for row in self.rows[text])} for text in some]
            count = self.options.last + max(sum(self.copies[one] for one in same) for same in own)
            block = queries[start : start + SLICE]
            hits = exact.top(block, exact.blocks_of(documents[: self.candidates]), count)
            for text, query, same, numbers, cosines in zip(some, block, own, hits.numbers, hits.scores, strict=True):
                others = [place for place, number in enumerate(numbers.tolist()) if self.same[number] not in same]
                others = others[: self.options.last]
                yield text, query, numbers[others].tolist(), cosines[others].tolist()

    def _take(self, mined: Mined, row: int, near: float, numbers: list[int], cosines: list[float]) -> None:
        """The negatives of a pair whose positive has the cosine `near`, and its suspicious candidates."""
        limit = near - self.options.margin * abs(near)  # below the positive's also where that is negative
        pair, taken = self.pairs[row], mined.negatives[row]
        for rank, (number, cosine) in enumerate(zip(numbers, cosines, strict=True), 1):
            candidate = self.documents[number]
            if cosine >= limit:
                about = {"candidate": candidate, "cosine": round(cosine, 6), "positive_cosine": round(near, 6)}
                mined.suspicious.append({"text": pair.text, "positive": pair.positive, **about})
            elif rank >= self.options.first and len(taken) < self.options.negatives:
                taken.append(candidate)


def _plain(text: str) -> str:
    """What texts that differ in case and spaces alone have in common."""
    return " ".join(text.split()).casefold()
