"""Precision, recall and F1 of entities (CoNLL-2003), from tags such as B-PER: a tag a word.

    score([["I-PER", "O"]], [["B-PER", "O"]])                          # lenient: entity_f1 1.0
    score([["I-PER", "O"]], [["B-PER", "O"]], "IOB2", mode="strict")   # 0.0

Both modes give seqeval 1.2.2's figures (the tests hold this), its report over thirty times as fast
(benchmarks/entity_metrics.py): what a word and the word before it say together is looked up, for all words at once.
The price is a table of (tag, tag), and that seqeval's rules stand here once more.

- lenient: seqeval's default, which is that of CoNLL's conlleval; whatever the scheme, an entity that nothing begins
  counts. It knows neither M, L nor U: in BMES and BILOU, of two entities of one type side by side the first is lost.
- strict: entities that are not written as the scheme asks do not count.

A word without a prediction (None) counts as O. A tag that has no prefix counts as an inside, of the type it names.
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

Tags = Sequence[Sequence[str | None]]
Mode = Literal["lenient", "strict"]
Average = Literal["micro", "macro", "weighted"]

FIGURES = ("precision", "recall", "f1")
KINDS = ("type", "boundary", "boundary+type", "missed", "spurious")
"""What is wrong with an entity, the mildest first: right words but another type; overlaps one of its type; overlaps one
of another type; a gold entity that overlaps none; a predicted one that does."""

_SINGLE = ".B* .S*", "BI= BE= II= IE=", "S.* E.*"
STRICT: dict[str, tuple[str, str, str]] = {
    "IO": ("OI* II!", "II=", "II! IO*"),
    "IOB1": ("OI* II! BI* IB= BB=", "BI= II=", "II! IO* IB* BO* BI! BB="),
    "IOB2": (".B*", "BI= II=", "IO* II! IB* BO* BI! BB*"),
    "IOE1": ("OI* II! EI* EE=", "II= IE=", "II! IO* IE! EI= EE="),
    "IOE2": ("OI* OE* EI* EE* II! IE!", "IE= II=", "E.*"),
    "BIOES": _SINGLE,
    "BILOU": tuple(part.translate(str.maketrans("ES", "LU")) for part in _SINGLE),  # type: ignore[dict-item]
    "BMES": tuple(part.replace("I", "M") for part in _SINGLE),  # type: ignore[dict-item]
}
"""seqeval's patterns, by scheme: an entity starts at this word, goes on, has ended. A pattern is the prefix of the word
before (`.` is any), that of this word, and whether their types are the same (`=`), others (`!`) or either (`*`)."""


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
    """The entities of sentences, as seqeval finds them; `scheme` (a key of STRICT) matters to the strict mode alone.

    Raises:
        DataError: strict, and a tag is none of the scheme's.
    """
    number: dict[str | None, int] = defaultdict(count().__next__)  # numbers tags as they come
    outside = number["O"]
    lengths = np.fromiter(map(len, tag_sequences), np.int64, len(tag_sequences))  # (sentence,), in words
    words = np.fromiter(map(number.__getitem__, chain.from_iterable(tag_sequences)), np.int64, lengths.sum())
    split = [_split(tag) for tag in number]
    types = sorted({type_ for _, type_ in split})
    prefix, type_of = np.array([p for p, _ in split]), np.array([types.index(t) for _, t in split])
    begins = np.cumsum(lengths + 1) - lengths - 1  # where sentences begin among all words, an O after each sentence
    line = np.full(len(words) + len(lengths) + 1, outside)  # and an O before them all
    line[np.arange(len(words)) + np.repeat(np.arange(len(lengths)), lengths) + 1] = words

    before, here = line[:-1], line[1:]
    pairs = before * len(split) + here
    if mode == "lenient":
        starts, ends = (table.ravel()[pairs] for table in _lenient_tables(prefix, type_of))
        end = np.flatnonzero(ends)
        first = np.maximum.accumulate(np.where(starts, np.arange(len(pairs)), 0))[end - 1]
    else:
        starts, inside, ends = (table.ravel()[pairs] for table in _strict_tables(prefix, type_of, list(number), scheme))
        heads = np.flatnonzero(~inside)  # a head and what goes on from it holds one entity at most
        first = np.flatnonzero(starts)
        after = np.searchsorted(heads, first, side="right")
        first, end = (at[np.diff(after, prepend=0) > 0] for at in (first, heads[after]))
        first, end = first[ends[end]], end[ends[end]]
    sentence = np.searchsorted(begins, end - 1, side="right") - 1
    begin = begins[sentence]
    # seqeval lets an entity of no type, such as that of a bare M, reach into the sentence before: here it does not.
    return Entities(sentence, (first - begin).clip(0), end - begin, type_of[before[end]], tuple(types))


def _split(tag: str | None) -> tuple[str, str]:
    """Prefix and type. (metrics and data import nothing from each other: data/schemes.py has its own, stricter one.)"""
    if tag is None or tag == "O":
        return "O", "_"
    if tag in tuple("BIESMLU"):
        return tag, "_"
    return (tag[0], tag[2:] or "_") if tag[1:2] == "-" else ("I", tag)


def _lenient_tables(prefix: Array, type_of: Array) -> tuple[Array, Array]:
    """Whether an entity starts here, and whether one ended before; (tag before, tag here)."""

    def among(letters: str) -> Array:
        return np.isin(prefix, list(letters))

    other = type_of[:, None] != type_of
    starts = among("BS") | (among("ESO")[:, None] & among("EI")) | (~among("O") & other)
    ends = among("ES")[:, None] | (among("BI")[:, None] & among("BSO")) | (~among("O")[:, None] & other)
    return starts, ends


def _strict_tables(prefix: Array, type_of: Array, names: list[Any], scheme: str) -> list[Array]:
    """Whether an entity starts here, goes on, and ended before; (tag before, tag here)."""
    known = set("".join(STRICT[scheme])) & set("BIESMLU") | {"O"}
    strange = [name for name, letter in zip(names, prefix, strict=True) if letter not in known]
    if strange:
        todo = f"its prefixes are {', '.join(sorted(known))}: convert the tags, or score them leniently"
        raise DataError.at(f"scheme {scheme}", f"the tag {strange[0]!r} is none of its", todo)
    same = type_of[:, None] == type_of
    tables = []
    for patterns in STRICT[scheme]:
        table = np.zeros(same.shape, bool)
        for before, here, types in map(tuple, patterns.split()):
            letters = ((prefix == before) | (before == "."))[:, None] & ((prefix == here) | (here == "."))
            table |= letters & {"=": same, "!": ~same, "*": np.True_}[types]
        tables.append(table)
    return tables


@dataclass(frozen=True)
class Comparison:
    """Predicted and gold entities of the same sentences, their types numbered alike."""

    predicted: Entities
    gold: Entities
    sentences: int

    @cached_property
    def hits(self) -> tuple[Array, Array]:
        """Which predicted entities are right and which gold ones were found; (entity,) each."""
        sides, wide, types = (self.predicted, self.gold), self._width, len(self.gold.types)
        keys = [((side.sentence * wide + side.first) * wide + side.end) * types + side.type for side in sides]
        # np.isin takes fifty times as long.
        _, *both = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
        right, found = (np.bincount(at, minlength=len(key)) > 0 for at, key in zip(both, keys, strict=True))
        return right, found

    @property
    def _width(self) -> int:
        return 1 + max((int(side.end.max()) for side in (self.predicted, self.gold) if len(side.end)), default=0)

    @cached_property
    def counts(self) -> Array:
        """Hits, predicted and gold entities; (3, type)."""
        return np.stack([np.bincount(types, minlength=len(self.gold.types)) for types in self._groups("type")])

    def _groups(self, field: str) -> tuple[Array, Array, Array]:
        predicted, gold = getattr(self.predicted, field), getattr(self.gold, field)
        return predicted[self.hits[0]], predicted, gold

    def score(self, average: Average = "micro") -> dict[str, float]:
        """entity_precision, entity_recall and entity_f1 over all entities, or the mean over types (see by_type).

        The plain mean is named entity_macro_f1 and so on; that weighted by gold counts, entity_weighted_f1.
        """
        micro = average == "micro"
        counts = self.counts.sum(axis=1, keepdims=True) if micro else self.counts[:, self.counts.any(axis=0)]
        weights = counts[2] if average == "weighted" else np.ones(counts.shape[1])
        means = precision_recall_f1(counts) @ weights / max(weights.sum(), 1)
        start = "entity" if micro else f"entity_{average}"
        return {f"{start}_{name}": mean for name, mean in zip(FIGURES, means.tolist(), strict=True)}

    def by_type(self) -> list[dict[str, Any]]:
        """Rows of type, precision, recall, f1, and gold and predicted counts: types that occur, by name."""
        figures = precision_recall_f1(self.counts).T.tolist()
        rows = zip(self.gold.types, figures, *self.counts[1:].tolist(), strict=True)
        return [
            {"type": name, **dict(zip(FIGURES, values, strict=True)), "gold": gold, "predicted": predicted}
            for name, values, predicted, gold in rows
            if gold or predicted
        ]

    def by_sentence(self) -> Array:
        """Hits, predicted and gold entities of each sentence; `(sentence, 3)`."""
        groups = self._groups("sentence")
        return np.stack([np.bincount(group, minlength=self.sentences) for group in groups], axis=1)

    def errors(self, words: Sequence[Sequence[str]] | None = None, *, examples: int = 3) -> dict[str, dict[str, Any]]:
        """For each of KINDS how many gold and predicted entities are wrong so, and the first few.

        An entity is of the mildest kind that fits. An example has the sentence and both entities, or None for one, with
        their words where `words` of all sentences are given.
        """
        predicted, gold = self.predicted.chosen(~self.hits[0]), self.gold.chosen(~self.hits[1])
        p, g = self._overlaps(predicted, gold)  # (pair,) each
        same = (predicted.first[p] == gold.first[g]) & (predicted.end[p] == gold.end[g])
        kind = np.where(same, 0, np.where(predicted.type[p] == gold.type[g], 1, 2))  # (pair,)
        of_gold, of_predicted = np.full(len(gold.end), 3), np.full(len(predicted.end), 4)
        np.minimum.at(of_gold, g, kind)
        np.minimum.at(of_predicted, p, kind)
        telling = (of_gold[g] == kind) | (of_predicted[p] == kind)
        pairs: list[list[tuple[Any, Any]]] = [
            *([*zip(p[at], g[at], strict=True)] for at in (np.flatnonzero(telling & (kind == k)) for k in range(3))),
            [(None, at) for at in np.flatnonzero(of_gold == 3)],
            [(at, None) for at in np.flatnonzero(of_predicted == 4)],
        ]
        return {
            name: {
                "gold": int((of_gold == k).sum()),
                "predicted": int((of_predicted == k).sum()),
                "examples": [_example(predicted, a, gold, b, words) for a, b in pairs[k][:examples]],
            }
            for k, name in enumerate(KINDS)
        }

    def _overlaps(self, predicted: Entities, gold: Entities) -> tuple[Array, Array]:
        """All pairs of a predicted and a gold entity that share a word: their indices; (pair,) each."""
        wide = self._width  # both sides stand in order, so that those which overlap one entity stand together
        low = np.searchsorted(predicted.sentence * wide + predicted.end, gold.sentence * wide + gold.first, "right")
        high = np.searchsorted(predicted.sentence * wide + predicted.first, gold.sentence * wide + gold.end, "left")
        many = high - low
        shift = np.repeat(low - np.cumsum(many) + many, many)
        return np.arange(many.sum()) + shift, np.repeat(np.arange(len(many)), many)


def compare(predicted: Tags, gold: Tags, scheme: str = "IOB2", mode: Mode = "lenient") -> Comparison:
    """Both sides' entities, found once, to be scored in many ways.

    Raises:
        DataError: no sentences, unequal numbers of sentences or words; or as `entities`.
    """
    if not len(gold) or len(predicted) != len(gold):
        raise DataError.at("entities", f"{len(predicted)} predicted sentences for {len(gold)} to score")
    for number, (tags, words) in enumerate(zip(map(len, predicted), map(len, gold), strict=True)):
        if tags != words:
            what = f"{tags} predicted tags for {words} words"
            raise DataError.at(f"sentence {number}", what, "a word without a prediction is None")
    sides = [entities(side, mode, scheme) for side in (predicted, gold)]
    types = tuple(sorted({*sides[0].types, *sides[1].types}))
    numbers = [np.array([types.index(name) for name in side.types])[side.type] for side in sides]
    ours, theirs = (replace(side, type=at, types=types) for side, at in zip(sides, numbers, strict=True))
    return Comparison(ours, theirs, len(gold))


def score(predicted: Tags, gold: Tags, scheme: str = "IOB2", mode: Mode = "lenient") -> dict[str, float]:
    """entity_precision, entity_recall, entity_f1 over all entities. Raises as `compare`."""
    return compare(predicted, gold, scheme, mode).score()


def by_type(predicted: Tags, gold: Tags, scheme: str = "IOB2", mode: Mode = "lenient") -> list[dict[str, Any]]:
    """See Comparison.by_type. Raises as `compare`."""
    return compare(predicted, gold, scheme, mode).by_type()


def errors(predicted: Tags, gold: Tags, scheme: str = "IOB2", mode: Mode = "lenient") -> dict[str, dict[str, Any]]:
    """See Comparison.errors. Raises as `compare`."""
    return compare(predicted, gold, scheme, mode).errors()


def precision_recall_f1(counts: Array) -> Array:
    """Precision, recall and F1 `(3, ...)` of hits, predicted and gold `(3, ...)`; 0 where nothing is to divide by."""
    hits, predicted, gold = counts
    precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(gold, 1)
    both = precision + recall
    return np.stack([precision, recall, 2 * precision * recall / np.where(both > 0, both, 1)])


def _example(predicted: Entities, a: Any, gold: Entities, b: Any, words: Any) -> dict[str, Any]:
    def told(side: Entities, at: Any) -> dict[str, Any] | None:
        if at is None:
            return None
        first, end = int(side.first[at]), int(side.end[at])
        text = {} if words is None else {"words": list(words[sentence][first:end])}
        return {"type": side.types[side.type[at]], "first": first, "end": end, **text}

    sentence = int(gold.sentence[b] if a is None else predicted.sentence[a])
    return {"sentence": sentence, "gold": told(gold, b), "predicted": told(predicted, a)}
