"""Precision, recall and F1 of entities (CoNLL-2003), from tags such as B-PER: one tag per word.

    score([["I-PER", "O"]], [["B-PER", "O"]])                          # lenient: entity_f1 1.0
    score([["I-PER", "O"]], [["B-PER", "O"]], "IOB2", mode="strict")   # 0.0

Both modes give seqeval 1.2.2's figures (the tests hold this), its report over thirty times as fast
(benchmarks/entity_metrics.py): the tags of a word and the word before are looked up in a table, for all words at once.
The price is a table of (tag, tag), and that seqeval's rules are repeated (tag_schemes.py).

- lenient: seqeval's default, which is that of CoNLL's conlleval. In any scheme, an entity without a beginning counts.
  It does not know M, L and U: in BMES and BILOU, it loses the first of two adjacent entities of one type.
- strict: entities that do not follow the scheme do not count.

A word without a prediction (None) counts as O. A tag without a prefix counts as an inside of the type that it names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, count
from typing import Any, Literal

import numpy as np

from bertkit.errors import DataError
from bertkit.metrics.metric import Array
from bertkit.metrics.tag_schemes import lenient_tables, split_tag, strict_tables

Tags = Sequence[Sequence[str | None]]
Mode = Literal["lenient", "strict"]

FIGURES = ("precision", "recall", "f1")
KINDS = ("type", "boundary", "boundary+type", "missed", "spurious")
"""Kinds of wrong entities, the mildest first (see `errors`)."""


@dataclass(frozen=True)
class Entities:
    """Entities in the order of the words; each array `(entity,)`, int64.

    `sentence` counts from 0, as do the words `first` and `end` (the word after the last); `type` indexes `types`.
    """

    sentence: Array
    first: Array
    end: Array
    type: Array
    types: tuple[str, ...]

    def chosen(self, at: Array) -> Entities:
        return Entities(self.sentence[at], self.first[at], self.end[at], self.type[at], self.types)


def entities(tag_sequences: Tags, mode: Mode = "lenient", scheme: str = "IOB2") -> Entities:
    """The entities of sentences, as seqeval finds them; only the strict mode uses `scheme`, a key of STRICT.

    Raises:
        DataError: strict, and a tag is not one of the scheme's.
    """
    number: dict[str | None, int] = defaultdict(count().__next__)  # numbers tags as they come
    outside = number["O"]
    lengths = np.fromiter(map(len, tag_sequences), np.int64, len(tag_sequences))  # (sentence,), in words
    words = np.fromiter(map(number.__getitem__, chain.from_iterable(tag_sequences)), np.int64, lengths.sum())
    split = [split_tag(tag) for tag in number]
    types = sorted({type_ for _, type_ in split})
    prefix, type_of = np.array([p for p, _ in split]), np.array([types.index(t) for _, t in split])
    begins = np.cumsum(lengths + 1) - lengths - 1  # where sentences begin among all words, an O after each sentence
    line = np.full(len(words) + len(lengths) + 1, outside)  # and an O before them all
    line[np.arange(len(words)) + np.repeat(np.arange(len(lengths)), lengths) + 1] = words

    before, here = line[:-1], line[1:]
    pairs = before * len(split) + here
    if mode == "lenient":
        starts, ends = (table.ravel()[pairs] for table in lenient_tables(prefix, type_of))
        end = np.flatnonzero(ends)
        first = np.maximum.accumulate(np.where(starts, np.arange(len(pairs)), 0))[end - 1]
    else:
        starts, inside, ends = (table.ravel()[pairs] for table in strict_tables(prefix, type_of, list(number), scheme))
        breaks = np.flatnonzero(~inside)  # between two breaks there is one entity at most
        first = np.flatnonzero(starts)
        after = np.searchsorted(breaks, first, side="right")
        first, end = (at[np.diff(after, prepend=0) > 0] for at in (first, breaks[after]))
        first, end = first[ends[end]], end[ends[end]]
    sentence = np.searchsorted(begins, end - 1, side="right") - 1
    begin = begins[sentence]
    # In seqeval an entity without a type, as of a bare M, can reach into the sentence before; here it can not.
    return Entities(sentence, (first - begin).clip(0), end - begin, type_of[before[end]], tuple(types))


@dataclass(frozen=True)
class EntityMatches:
    """Predicted and gold entities of the same sentences, with the same numbers for types."""

    predicted: Entities
    gold: Entities
    sentences: int

    @cached_property
    def hits(self) -> tuple[Array, Array]:
        """Which predicted entities are right, and which gold ones were predicted; `(entity,)` each."""
        sides, wide, types = (self.predicted, self.gold), _width(self.predicted, self.gold), len(self.gold.types)
        keys = [((side.sentence * wide + side.first) * wide + side.end) * types + side.type for side in sides]
        # np.isin takes fifty times as long.
        _, *both = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
        ours, theirs = (np.bincount(at, minlength=len(key)) > 0 for at, key in zip(both, keys, strict=True))
        return ours, theirs

    @cached_property
    def counts(self) -> Array:
        """Hits, predicted and gold entities; (3, type)."""
        return np.stack([np.bincount(types, minlength=len(self.gold.types)) for types in self._groups("type")])

    def _groups(self, field: str) -> tuple[Array, Array, Array]:
        predicted, gold = getattr(self.predicted, field), getattr(self.gold, field)
        return predicted[self.hits[0]], predicted, gold

    def score(self) -> dict[str, float]:
        """entity_precision, entity_recall and entity_f1 over all entities (micro averages)."""
        figures = precision_recall_f1(self.counts.sum(axis=1)).tolist()
        return {f"entity_{name}": value for name, value in zip(FIGURES, figures, strict=True)}

    def by_type(self) -> list[dict[str, Any]]:
        """For each type that occurs, in the order of names: type, precision, recall, f1, gold and predicted counts."""
        figures = precision_recall_f1(self.counts).T.tolist()
        rows = zip(self.gold.types, figures, *self.counts[1:].tolist(), strict=True)
        return [
            {"type": name, **dict(zip(FIGURES, values, strict=True)), "gold": gold, "predicted": predicted}
            for name, values, predicted, gold in rows
            if gold or predicted
        ]

    def by_sentence(self, types: Sequence[str] = ()) -> Array:
        """Hits, predicted and gold entities of each sentence, `(sentence, 3)`; with types, three columns for each."""
        groups = self._groups("sentence")
        if not types:
            return np.stack([np.bincount(group, minlength=self.sentences) for group in groups], axis=1)
        columns = []
        for name in types:
            number = self.gold.types.index(name) if name in self.gold.types else -1
            chosen = [group[own == number] for group, own in zip(groups, self._groups("type"), strict=True)]
            columns += [np.bincount(group, minlength=self.sentences) for group in chosen]
        return np.stack(columns, axis=1)


def compare(predicted: Tags, gold: Tags, scheme: str = "IOB2", mode: Mode = "lenient") -> EntityMatches:
    """The entities of both sides, to be scored in several ways.

    Raises:
        DataError: no sentences, unequal numbers of sentences or words; or as `entities`.
    """
    if not len(gold) or len(predicted) != len(gold):
        raise DataError.at("entities", f"{len(predicted)} predicted sentences for {len(gold)} gold ones")
    for number, (tags, words) in enumerate(zip(map(len, predicted), map(len, gold), strict=True)):
        if tags != words:
            what = f"{tags} predicted tags for {words} words"
            raise DataError.at(f"sentence {number}", what, "a word without a prediction is None")
    sides = [entities(side, mode, scheme) for side in (predicted, gold)]
    types = tuple(sorted({*sides[0].types, *sides[1].types}))
    numbers = [np.array([types.index(name) for name in side.types])[side.type] for side in sides]
    ours, theirs = (replace(side, type=at, types=types) for side, at in zip(sides, numbers, strict=True))
    return EntityMatches(ours, theirs, len(gold))


def score(predicted: Tags, gold: Tags, scheme: str = "IOB2", mode: Mode = "lenient") -> dict[str, float]:
    """entity_precision, entity_recall, entity_f1 over all entities. Raises as `compare`."""
    return compare(predicted, gold, scheme, mode).score()


def errors(
    predicted: Tags,
    gold: Tags,
    words: Sequence[Sequence[str]] | None = None,
    scheme: str = "IOB2",
    mode: Mode = "lenient",
    *,
    examples: int = 3,
) -> dict[str, dict[str, Any]]:
    """How many entities are wrong in each of five ways, the mildest first, with a few examples.

    - `type`: the right words, but another type
    - `boundary`: overlaps a gold entity of its type
    - `boundary+type`: overlaps a gold entity of another type
    - `missed`: a gold entity that overlaps no wrong predicted one
    - `spurious`: a predicted entity that overlaps no gold one, other than those that were predicted rightly

    Each wrong entity counts once, as the mildest kind that fits. Entities that are right are left out on both sides, so
    the gold counts add up to the entities that were not found, the predicted counts to those that are wrong.

        errors([["B-PER", "O"]], [["B-PER", "I-PER"]], [["Ann", "Bell"]])["boundary"]
        # {"gold": 1, "predicted": 1, "examples": [{"sentence": 0,
        #   "gold": {"type": "PER", "first": 0, "end": 2, "words": ["Ann", "Bell"]},
        #   "predicted": {"type": "PER", "first": 0, "end": 1, "words": ["Ann"]}}]}

    Args:
        words: of every sentence; with them the examples have their entities' words.
        scheme, mode: as `entities`.
        examples: most examples of each kind. `first` and `end` (the word after the last) count words from 0; `gold` is
            None in a spurious example, `predicted` in a missed one.

    Raises:
        DataError: as `compare`.
    """
    compared = compare(predicted, gold, scheme, mode)
    ours, theirs = compared.predicted.chosen(~compared.hits[0]), compared.gold.chosen(~compared.hits[1])
    p, g = _overlaps(ours, theirs)  # (pair,) each
    same = (ours.first[p] == theirs.first[g]) & (ours.end[p] == theirs.end[g])
    kind = np.where(same, 0, np.where(ours.type[p] == theirs.type[g], 1, 2))  # (pair,)
    of_gold, of_predicted = np.full(len(theirs.end), 3), np.full(len(ours.end), 4)
    np.minimum.at(of_gold, g, kind)
    np.minimum.at(of_predicted, p, kind)
    mildest = (of_gold[g] == kind) | (of_predicted[p] == kind)
    pairs: list[list[tuple[Any, Any]]] = [
        *([*zip(p[at], g[at], strict=True)] for at in (np.flatnonzero(mildest & (kind == k)) for k in range(3))),
        [(None, at) for at in np.flatnonzero(of_gold == 3)],
        [(at, None) for at in np.flatnonzero(of_predicted == 4)],
    ]
    return {
        name: {
            "gold": int((of_gold == k).sum()),
            "predicted": int((of_predicted == k).sum()),
            "examples": [_example(ours, a, theirs, b, words) for a, b in pairs[k][:examples]],
        }
        for k, name in enumerate(KINDS)
    }


def precision_recall_f1(counts: Array) -> Array:
    """Precision, recall and F1 `(3, ...)` of hits, predicted and gold `(3, ...)`; 0 where one would divide by 0."""
    hits, predicted, gold = counts
    precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(gold, 1)
    both = precision + recall
    return np.stack([precision, recall, 2 * precision * recall / np.where(both > 0, both, 1)])


def _overlaps(predicted: Entities, gold: Entities) -> tuple[Array, Array]:
    """All pairs of a predicted and a gold entity that share a word: their indices, `(pair,)` each."""
    wide = _width(predicted, gold)  # both sides are in order, so that all which overlap one entity are neighbours
    low = np.searchsorted(predicted.sentence * wide + predicted.end, gold.sentence * wide + gold.first, "right")
    high = np.searchsorted(predicted.sentence * wide + predicted.first, gold.sentence * wide + gold.end, "left")
    many = high - low
    shift = np.repeat(low - np.cumsum(many) + many, many)
    return np.arange(many.sum()) + shift, np.repeat(np.arange(len(many)), many)


def _width(*sides: Entities) -> int:
    """More than any word number, so that `sentence * width + word` orders the words of all sentences."""
    return 1 + max((int(side.end.max()) for side in sides if len(side.end)), default=0)


def _example(predicted: Entities, a: Any, gold: Entities, b: Any, words: Any) -> dict[str, Any]:
    sentence = int(gold.sentence[b] if a is None else predicted.sentence[a])

    def entity(side: Entities, at: Any) -> dict[str, Any] | None:
        if at is None:
            return None
        first, end = int(side.first[at]), int(side.end[at])
        text = {} if words is None else {"words": list(words[sentence][first:end])}
        return {"type": side.types[side.type[at]], "first": first, "end": end, **text}

    return {"sentence": sentence, "gold": entity(gold, b), "predicted": entity(predicted, a)}
