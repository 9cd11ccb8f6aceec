"""Entities, by a tag per word or by their places in a text; suspects are words by cleanlab, shown as parts of a
sentence.

A word is judged by the type of its entity, or none: B and I of one type count as one class (as in Wang & Mueller 2022,
on which cleanlab's filter for words rests). So what is found is a wrong type, an entity that is missing or too much,
and a border at a wrong word; not where one of two neighbouring entities of one type ends. A part reaches from the first
to the last word of the entities, given or predicted, that touch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bertkit.data.columns.schemes import ROLES, Span
from bertkit.metrics.tagging import entities
from bertkit.tasks.confidence.scaling import softened
from bertkit.tasks.words import join, split
from bertkit.understand.errors.calibrated import Floats, temperature_of
from bertkit.understand.errors.judges.judge import (
    FILTER,
    NOT_FOUND,
    Belief,
    Flags,
    Flips,
    FoldAnswers,
    Found,
    Judge,
    Numbers,
    Planted,
    Suspect,
    nearest,
    quiet,
    some_of,
)
from bertkit.understand.errors.pool import Pool

OUTSIDE, NOTHING = "O", "no entity"


Spans = list[Span]


@dataclass(frozen=True)
class _Read:
    """What the beliefs about all rows say, read once."""

    beliefs: Sequence[Belief]
    given: list[Numbers]
    """Of each row `(word,)`: number of the given type; a type that no row of the pool has counts as none."""
    doubts: list[Floats]
    """Of each row `(word,)`; 0 where the model gives the same type, or the given one is not judged."""
    sides: tuple[list[Spans], list[Spans]]
    """Given and predicted entities of each row."""


class WordJudge(Judge):
    noun = "entities"
    kinds = ("tags", "spans")

    def __init__(self, pool: Pool, rare: frozenset[str] = frozenset()):
        super().__init__(pool, rare)
        self.types = [OUTSIDE, *pool.label_names]
        self._number = {name: number for number, name in enumerate(self.types)}
        self._cut = np.inf
        self._last: _Read | None = None

    def beliefs(self, answered: FoldAnswers) -> list[Belief]:
        """Probabilities of types `(word, type)`; texts: the given tag of each word, then the predicted ones."""
        each = answered.task.word_probabilities(answered.outputs, answered.encoded, answered.rows)
        if not each:
            return []
        predicted, given = answered.task.compare(answered.answers, answered.rows, "tags")
        labels = [_type(label) for label in answered.task.state["labels"]]
        sums = np.array([[float(type_ == label) for type_ in self.types] for label in labels])  # (label, type)
        return [
            Belief(likely @ sums, [*own, *theirs]) for likely, own, theirs in zip(each, given, predicted, strict=True)
        ]

    def calibrated(self, held: Sequence[Belief], rows: Sequence[int], own: Sequence[Belief]) -> list[Belief]:
        temperature = 1.0
        if held:
            given = np.concatenate([self._given(belief) for belief in held])
            temperature = temperature_of(np.concatenate([belief.values for belief in held]), given)
        return [Belief(softened(belief.values, temperature), belief.texts) for belief in own]

    def confirmed(self, beliefs: Sequence[Belief]) -> dict[str, float]:
        given = np.concatenate([self._given(belief) for belief in beliefs])
        right = np.concatenate([belief.values.argmax(1) for belief in beliefs]) == given
        return {name: float(right[given == i].mean()) for i, name in enumerate(self.types) if i and (given == i).any()}

    def find(self, beliefs: Sequence[Belief]) -> Found:
        read = self._read(beliefs)
        issues = self._issues(read)
        self._cut = min(
            (float(d[i].min()) for d, i in zip(read.doubts, issues, strict=True) if i.any()), default=np.inf
        )
        suspects, others = [], []
        for row, doubts in enumerate(read.doubts):
            for first, end in _parts(read.sides[0][row], read.sides[1][row]):
                doubt = float(doubts[first:end].max())
                if doubt > 0:
                    others.append(doubt)
                if issues[row][first:end].any():
                    suspects.append(self._suspect(read, row, (first, end), doubt))
        suspects.sort(key=lambda one: -one.doubt)
        of_row = np.array([doubts.max(initial=0.0) for doubts in read.doubts])
        return Found(suspects, np.sort(np.array(others))[::-1], of_row, len(self._judged(read)))

    def _read(self, beliefs: Sequence[Belief]) -> _Read:
        if self._last is None or self._last.beliefs is not beliefs:
            given = [self._given(belief) for belief in beliefs]
            known = np.array([name not in self.skipped for name in self.types])
            doubts = [
                np.where(
                    (belief.values.argmax(1) != own) & known[own], 1 - belief.values[np.arange(len(own)), own], 0.0
                )
                for belief, own in zip(beliefs, given, strict=True)
            ]
            counts = [len(belief.values) for belief in beliefs]
            sides = (
                _spans([belief.texts[:count] for belief, count in zip(beliefs, counts, strict=True)]),
                _spans([belief.texts[count:] for belief, count in zip(beliefs, counts, strict=True)]),
            )
            self._last = _Read(beliefs, given, doubts, sides)
        return self._last

    def _judged(self, read: _Read) -> list[tuple[int, Span]]:
        """The given entities, with their rows."""
        types = self._number.keys() - self.skipped
        return [(row, span) for row, own in enumerate(read.sides[0]) for span in own if span.type in types]

    def _given(self, belief: Belief) -> Numbers:
        return np.array([self._number.get(_type(tag), 0) for tag in belief.texts[: len(belief.values)]], dtype=np.int64)

    def _issues(self, read: _Read) -> list[Flags]:
        from cleanlab.token_classification.filter import find_label_issues

        issues = [np.zeros(len(own), dtype=bool) for own in read.given]
        if len(np.unique(np.concatenate(read.given))) > 1:
            labels, likely = [own.tolist() for own in read.given], [belief.values for belief in read.beliefs]
            with quiet():
                found = find_label_issues(labels, likely, filter_by=FILTER, n_jobs=1)
            for row, word in found:
                issues[row][word] = read.doubts[row][word] > 0
        return issues

    def _suspect(self, read: _Read, row: int, part: tuple[int, int], doubt: float) -> Suspect:
        first, end = part
        likely = read.beliefs[row].values[first:end]  # (word, type)
        best = _numbers(read.sides[1][row], self._number, first, end)
        words = words_of(self.pool, row)
        sides = [side[row] for side in read.sides]
        tags = [" ".join(_tags(spans, first, end)) for spans in sides]
        shown = [_shown(spans, words, first, end) for spans in sides]
        sure = float(likely[np.arange(end - first), best].min())
        kinds = [", ".join(sorted({tag[2:] for tag in side.split() if tag != OUTSIDE})) or NOTHING for side in tags]
        pairs = ((kinds[0], kinds[1] if kinds[1] != kinds[0] else f"{kinds[1]}, other words"),)
        return Suspect(row, doubt, sure, tags[0], tags[1], (first, end), (shown[0], shown[1]), pairs)

    def written(self, row: int) -> str:
        """The tags of all words, in IOB2."""
        assert self._last is not None
        return " ".join(_tags(self._last.sides[0][row], 0, len(self._last.given[row])))

    def shown(self, row: int) -> str:
        assert self._last is not None
        return _shown(self._last.sides[0][row], words_of(self.pool, row), 0, len(self._last.given[row]))

    def plant(self, beliefs: Sequence[Belief], flips: Flips, share: float, draw: np.random.Generator) -> Planted:
        """Of each drawn entity, one of three: another type (`similar`: of those that the models confuse most with it),
        no entity, or a border that is off by a word."""
        read = self._read(beliefs)
        spans = self._judged(read)
        mixed = np.zeros((len(self.types), len(self.types)))
        for belief, own in zip(beliefs, read.given, strict=True):
            sure = belief.values.argmax(1) == own  # of other words the given type may be wrong
            np.add.at(mixed, own[sure], belief.values[sure])
        judged = np.array([name not in self.skipped for name in self.types])
        mixed[:, ~judged] = 0.0  # of a type that is not judged, `find` doubts nothing
        mixed[:, 0] = 0.0
        np.fill_diagonal(mixed, 0.0)
        near = nearest(mixed, int(judged.sum()) - 2)
        doubts = []
        for number in some_of(len(spans), share, draw).tolist() if spans else ():
            row, span = spans[number]
            weights = near[self._number[span.type]] if flips == "similar" else (mixed.sum(0) > 0).astype(np.float64)
            weights = np.where(np.arange(len(weights)) == self._number[span.type], 0.0, weights)
            places, type_ = _changed(span, read.given[row], weights, draw)
            likely = beliefs[row].values[places]
            wrong = likely.argmax(1) != type_
            doubts.append(float((1 - likely[wrong, type_]).max(initial=NOT_FOUND)))
        found = np.array(doubts, dtype=np.float64)
        return Planted(found, found >= self._cut)


def words_of(pool: Pool, row: int) -> list[str]:
    """The words of a row, as tags are given to them; entities by their places are in a text."""
    kind = "text" if pool.answer.kind == "spans" else "words"
    value = next(pool.rows[row][column.name] for column in pool.columns if column.kind == kind)
    return [value[start:end] for start, end in split(value)] if kind == "text" else list(value)


def _type(tag: str) -> str:
    return tag.partition("-")[2] or OUTSIDE


def _spans(tags: Sequence[Sequence[str]]) -> list[Spans]:
    """The entities of each row."""
    rows: list[Spans] = [[] for _ in tags]
    found = entities([[ROLES.get(tag[0], "O") + tag[1:] for tag in row] for row in tags])
    for row, first, end, number in zip(found.sentence, found.first, found.end, found.type, strict=True):
        rows[row].append(Span(int(first), int(end), str(found.types[number])))
    return rows


def _parts(given: Spans, predicted: Spans) -> Iterator[tuple[int, int]]:
    """First word and the one after the last of each part of a sentence whose entities differ."""
    same, group, end = {*given} & {*predicted}, set[Span](), 0
    for span in sorted({*given, *predicted}):
        if group and span.first >= end:
            if not group <= same:
                yield min(one.first for one in group), end
            group, end = set(), 0
        group.add(span)
        end = max(end, span.end)
    if group and not group <= same:
        yield min(one.first for one in group), end


def _numbers(spans: Spans, number: dict[str, int], first: int, end: int) -> Numbers:
    """Type of each word of a part."""
    types = np.zeros(end - first, dtype=np.int64)
    for span in spans:
        types[max(span.first - first, 0) : max(span.end - first, 0)] = number.get(span.type, 0)
    return types


def _tags(spans: Spans, first: int, end: int) -> list[str]:
    """The tags of a part's words, in IOB2."""
    tags = [OUTSIDE] * (end - first)
    for span in spans:
        for word in range(max(span.first, first), min(span.end, end)):
            tags[word - first] = f"{'B' if word == span.first else 'I'}-{span.type}"
    return tags


def _shown(spans: Spans, words: Sequence[str], first: int, end: int) -> str:
    """`New York LOC`; `no entity`."""
    inside = [span for span in spans if span.first < end and span.end > first]
    return ", ".join(f"{join(words[span.first : span.end])} {span.type}" for span in inside) or NOTHING


def _changed(span: Span, given: Numbers, weights: Floats, draw: np.random.Generator) -> tuple[Numbers, int]:
    """The words that a planted error changes, and the number of their type then.

    Args:
        given: `(word,)`: types of the sentence.
        weights: `(type,)`: how likely each other type is.
    """
    own = int(given[span.first])
    borders = [(place, own) for place in (span.first - 1, span.end) if 0 <= place < len(given) and given[place] == 0]
    if span.end - span.first > 1:
        borders += [(span.first, 0), (span.end - 1, 0)]
    ways = (["type"] if weights.any() else []) + ["none"] + (["border"] if borders else [])
    way = ways[int(draw.integers(len(ways)))]
    if way == "border":
        place, type_ = borders[int(draw.integers(len(borders)))]
        return np.array([place]), type_
    whole = np.arange(span.first, span.end)
    return whole, 0 if way == "none" else int(draw.choice(len(weights), p=weights / weights.sum()))
