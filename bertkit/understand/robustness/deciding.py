"""Words that decide: those whose removal or insertion alone changes most answers.

A word that gives the label away in the training data (a name of one author, a template's left-over) is learnt in place
of the meaning, and may be absent from the test data: no figure there shows it. So words are taken from the training
rows too: those that stand most often with one label, by the normal approximation of the binomial. Each is put before
rows of other labels, and after them, as a model may look for it in one place; where the answer turns to the word's
label, the word decides alone. Frequent words of the rows themselves are removed. In Chinese, two neighbouring
characters count as a word.
"""

from __future__ import annotations

import binascii
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bertkit.data.columns.column import Column
from bertkit.engine.run import Progress
from bertkit.metrics.resamples.bounds import Span, wilson
from bertkit.tasks.words import join, split
from bertkit.understand.robustness.clean import CleanRows, NewAnswer
from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.perturbation import Perturbation, characters_of, is_cjk
from bertkit.understand.robustness.rows import EditsOfColumn, RowEditor
from bertkit.understand.robustness.same import label_column

LEAST = 3
"""Rows that a word must be in: the label of a rarer one is chance."""
ROWS = 50
"""Rows that a word is removed from, and put into, at most; drawn."""
DECIDES = 0.5
"""Share of the rows of other labels from which on an inserted word gives the label away."""
KINDS = ("text", "words")

_WORD = Perturbation("word", "words", "", lambda text, rng, strength: [], gold="apart")


@dataclass(frozen=True)
class DecidingWord:
    """A word, and the answers that it changes.

    Args:
        label: that it stands with most often in the training rows; None: none, or the word is only removed.
        with_label, in_rows: of the training rows that have the word, those with the label, and all.
        removed, removal_flips: rows that it was removed from, and those of them whose answer changed.
        inserted, insertion_flips: rows with another answer that it was put into, and those that then got `label`, at
            the best of all places.
        place: this place: `before` or `after` the text, with the text's column where there are several.
    """

    word: str
    label: str | None = None
    with_label: int = 0
    in_rows: int = 0
    removed: int = 0
    removal_flips: int = 0
    inserted: int = 0
    insertion_flips: int = 0
    place: str = ""

    @property
    def decides(self) -> bool:
        """Whether it gives the label away: inserted, it turns half of the answers or more."""
        return self.inserted >= LEAST and self.insertion_flips >= DECIDES * self.inserted

    @property
    def strength(self) -> float:
        """The greater of both shares of flips, at the lower end of its interval: few rows count for less."""
        shares = ((self.removal_flips, self.removed), (self.insertion_flips, self.inserted))
        return max((wilson(flips, rows)[0] for flips, rows in shares if rows), default=0.0)

    def record(self) -> dict[str, Any]:
        """As plain values, with both shares and their intervals."""
        spans: dict[str, Span | None] = {
            "removal_interval": wilson(self.removal_flips, self.removed) if self.removed else None,
            "insertion_interval": wilson(self.insertion_flips, self.inserted) if self.inserted else None,
        }
        return {**asdict(self), "decides": self.decides, **spans}


@dataclass(frozen=True)
class _Typical:
    label: str
    with_label: int
    in_rows: int
    surprise: float


def deciding_words(
    clean: CleanRows,
    editor: RowEditor,
    training: Sequence[dict[str, Any]] | None,
    count: int,
    seed: int = 0,
    progress: Progress = iter,
) -> list[DecidingWord]:
    """The words that change most answers, the strongest first.

    Args:
        training: rows with labels to find typical words in; None: the rows themselves.
        count: most words, of the frequent ones and of the typical ones each, that are tried; and that are returned.
    """
    there = [column for column in clean.task.columns if column.kind in KINDS and not column.answer]
    texts = [column for column in there if any(row.get(column.name) for row in clean.rows)]
    having: dict[str, list[int]] = defaultdict(list)
    spelt: dict[str, str] = {}
    for number, row in enumerate(clean.rows):
        for term in terms_of(row, texts, spelt):
            having[term].append(number)
    labels = label_column(clean.task.columns)
    known = training if training is not None else clean.rows if clean.verdicts else []
    typical = typical_words(known, labels.name, texts, count, spelt) if labels else {}
    frequent = sorted(having, key=lambda term: (-len(having[term]), term))[:count]
    words = _Words(clean, editor, texts, seed, progress)
    found = []
    for term in dict.fromkeys([*typical, *frequent]):
        one = words.removed(DecidingWord(spelt[term]), term, having.get(term, ()))
        if own := typical.get(term):
            one = words.inserted(replace(one, label=own.label, with_label=own.with_label, in_rows=own.in_rows))
        if one.removed or one.inserted:
            found.append(one)
    return sorted(found, key=lambda one: (-one.strength, one.word))[:count]


class _Words:
    """Puts words into rows and takes them away."""

    def __init__(self, clean: CleanRows, editor: RowEditor, texts: Sequence[Column], seed: int, progress: Progress):
        self._clean, self._editor, self._texts = clean, editor, texts
        self._seed, self._progress = seed, progress

    def removed(self, word: DecidingWord, term: str, having: Sequence[int]) -> DecidingWord:
        """With the answers that change where the word is gone, outside of entities and answers."""

        def edits(column: Column, text: str) -> list[Edit]:
            found = []
            for start, end in _places(text):
                if text[start:end].lower() == term:
                    spaces = text[max(0, start - 1) : start] == " " and text[end : end + 1] in ("", " ")
                    found.append(Edit(start - spaces, end, ""))
            return found

        replies = self._ask(having, word, edits)
        return replace(word, removed=len(replies), removal_flips=sum(one.same is False for one in replies))

    def inserted(self, word: DecidingWord) -> DecidingWord:
        """With the rows that get the word's label where it is put in, at the best of all places."""
        clean, label, new = self._clean, word.label, word.word
        space = "" if is_cjk(new) else " "
        others = [n for n in range(len(clean.rows)) if label not in _labels(clean, n)]
        for column, end in itertools.product(self._texts, (False, True)):

            def edits(own: Column, text: str, column: Column = column, end: bool = end) -> list[Edit]:
                last = len(text.rstrip())
                edit = Edit(last, last, f"{space}{new}") if end else Edit(0, 0, f"{new}{space}")
                return [edit] if own == column else []

            replies = self._ask(others, word, edits)
            flips = sum(label in _names(one.verdict, clean.comparer.value(one.answer)) for one in replies)
            if replies and (flips > word.insertion_flips or not word.inserted):
                place = "after" if end else "before"
                place = place if len(self._texts) == 1 else f"{place} {column.name}"
                word = replace(word, inserted=len(replies), insertion_flips=flips, place=place)
        return word

    def _ask(self, numbers: Sequence[int], word: DecidingWord, edits: EditsOfColumn) -> list[NewAnswer]:
        """The answers to at most `ROWS` of these rows, drawn, after the edits."""
        if len(numbers) > ROWS:
            rng = np.random.default_rng([self._seed, binascii.crc32(word.word.encode())])
            numbers = [numbers[i] for i in sorted(rng.choice(len(numbers), size=ROWS, replace=False).tolist())]
        edited = {n: self._editor.edit_by(self._clean.rows[n], edits, _WORD) for n in numbers}
        known = {number: row for number, row in edited.items() if row is not None}
        return list(self._clean.ask(known, self._progress).values())


def typical_words(
    rows: Sequence[dict[str, Any]], label: str, texts: Sequence[Column], count: int, spelt: dict[str, str]
) -> dict[str, _Typical]:
    """The words that stand most clearly with one label: by how many standard deviations more often than by chance.

    Args:
        label: the column of the labels.
        count: most words; labels take turns, so that each has its best ones.
        spelt: gets a spelling of each, in lower case if there is such.
    """
    of_label: Counter[str] = Counter()
    having: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for row in rows:
        value = row.get(label)
        own = set(value if isinstance(value, list) else [value]) - {None}
        terms = terms_of(row, texts, spelt)
        of_label.update(own)
        having.update(terms)
        both.update(itertools.product(terms, own))
    best: dict[str, _Typical] = {}
    for (term, name), times in both.items():
        rows_with, share = having[term], of_label[name] / len(rows)
        if rows_with < LEAST or share >= 1:
            continue
        surprise = (times - rows_with * share) / math.sqrt(rows_with * share * (1 - share))
        if surprise > (best[term].surprise if term in best else 0.0):
            best[term] = _Typical(name, times, rows_with, surprise)
    order = sorted(best, key=lambda term: (-best[term].surprise, term))
    ranks: Counter[str] = Counter()
    turn: dict[str, int] = {}
    for term in order:  # the best word of each label, then the second of each: else one label may have them all
        turn[term] = ranks[best[term].label]
        ranks[best[term].label] += 1
    return {term: best[term] for term in sorted(order, key=turn.__getitem__)[:count]}


def terms_of(row: Mapping[str, Any], texts: Iterable[Column], spelt: dict[str, str] | None = None) -> set[str]:
    """The words of a row in lower case, and pairs of Chinese characters.

    Args:
        spelt: gets a spelling of each, in lower case if there is such.
    """
    found = set()
    for column in texts:
        value = row.get(column.name) or ""
        text = value if isinstance(value, str) else join(value)
        for start, end in _places(text):
            term = text[start:end].lower()
            found.add(term)
            if spelt is not None and spelt.get(term) != term:
                spelt[term] = text[start:end]
    return found


def _places(text: str) -> list[tuple[int, int]]:
    single = set(characters_of(text))
    words = [(start, end) for start, end in split(text) if text[start].isalnum() and start not in single]
    return [*words, *((at, at + 2) for at in sorted(single) if at + 1 in single)]


def _labels(clean: CleanRows, number: int) -> set[str]:
    verdict = clean.verdicts[number] if clean.verdicts else None
    return _names(verdict, clean.comparer.value(clean.answers[number]))


def _names(verdict: Any, value: Any) -> set[str]:
    """The labels of an answer."""
    if verdict is not None and verdict.predicted_labels:
        return {str(one[0]) for one in verdict.predicted_labels}
    return set(map(str, value)) if isinstance(value, list) else {str(value)}
