"""Slices: parts of the rows in which the models are worse than on the others, with p corrected for how many were tried.

A slice is a label, a range of lengths, the rows with a word, a value or a range of any other column of the files, or a
cluster of similar texts. Of each row the out-of-fold answer counts (`Verdict.score`): 1 or 0 for right or wrong, F1, or
minus the distance. Each slice is compared with all other rows by a one-sided test: the hypergeometric one for right and
wrong (Fisher's exact test), else that of Mann & Whitney 1947. Holm's correction is over all slices tried, shown or not;
so of slices that are not worse, one is called worse in one of twenty such lists (at p below 0.05). Slices of the same
rows are tried once.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.metrics import Metric, intervals
from bertkit.metrics.paired import holm
from bertkit.tasks.verdicts import short
from bertkit.tasks.words import split
from bertkit.understand.errors.calibrated import Floats
from bertkit.understand.errors.pool import Pool

Flags = NDArray[np.bool_]
SMALLEST = 20
"""Fewest rows of a slice; of fewer than 400 rows a twentieth of them, but at least 5."""
WORDS = 300
"""Most words that are tried, the most frequent ones."""
VALUES = 50
"""Most values of a column; one with more is no category, or is divided into ranges if they are numbers."""
RANGES = 5
SHOWN = 30
"""Most slices of a list."""
LEVEL = 0.05


class Slice(NamedTuple):
    """Some rows, by what they have in common."""

    by: str
    """`label`, `length`, `word`, `column`, `cluster`, `split`."""
    name: str
    rows: Flags


@dataclass(frozen=True)
class Weakness:
    """A slice that is worse than the other rows."""

    by: str
    name: str
    rows: int
    score: float
    """Mean over its rows."""
    interval: tuple[float, float]
    """95%, of the score."""
    others: float
    """Mean over all other rows."""
    p: float
    corrected: float
    """p after Holm's correction."""


@dataclass(frozen=True)
class Weaknesses:
    """All that was tried, and the worst of it."""

    slices: list[Weakness]
    """Those that are worse by more than chance, the least likely first."""
    tried: int
    smallest: int
    """Fewest rows of a slice."""


def smallest_of(rows: int) -> int:
    """Fewest rows of a slice, of so many rows."""
    return max(5, min(SMALLEST, rows // 20))


def weaknesses(scores: Floats, slices: Sequence[Slice]) -> Weaknesses:
    """The slices in which scores are lower than elsewhere.

    Args:
        scores: `(row,)`; nan: the row is left out.
    """
    known = np.isfinite(scores)
    smallest, seen, tried = smallest_of(int(known.sum())), set[bytes](), []
    for one in slices:
        rows = one.rows & known
        key = np.packbits(rows).tobytes()
        if smallest <= rows.sum() <= known.sum() - smallest and key not in seen:
            seen.add(key)
            tried.append(one._replace(rows=rows))
    values = [_p(scores, one.rows, known) for one in tried]
    found = sorted(zip(holm(values), values, tried, strict=True), key=lambda each: (each[0], each[1]))
    worst = [_weakness(scores, known, one, p, corrected) for corrected, p, one in found if corrected < LEVEL]
    return Weaknesses(worst[:SHOWN], len(tried), smallest)


def _p(scores: Floats, rows: Flags, known: Flags) -> float:
    """How likely so low scores are by chance."""
    from scipy.stats import hypergeom, mannwhitneyu

    own, others = scores[rows], scores[known & ~rows]
    if np.isin(scores[known], (0.0, 1.0)).all():
        right = int(own.sum())
        return float(hypergeom.cdf(right, int(known.sum()), int(scores[known].sum()), len(own)))
    return float(mannwhitneyu(own, others, alternative="less").pvalue)


def _weakness(scores: Floats, known: Flags, one: Slice, p: float, corrected: float) -> Weakness:
    own, others = scores[one.rows], scores[known & ~one.rows]
    mean = Metric(
        "score", lambda predictions, _: float(predictions.mean()), "scores", per_row=lambda predictions, _: predictions
    )
    span = intervals(mean, own, np.zeros(len(own)))["score"]
    return Weakness(one.by, one.name, len(own), float(own.mean()), span, float(others.mean()), p, corrected)


def of_labels(pool: Pool) -> Iterator[Slice]:
    """The rows with each label; of answers in a text, those with and without one."""
    kind = pool.answer.kind
    each = pool.labels
    if kind == "answers":
        each = [["with an answer" if row[pool.answer.name] else "without an answer"] for row in pool.rows]
    yield from _of_sets("label", each)
    if kind in ("tags", "spans"):
        yield Slice("label", "no entity", np.array([not own for own in each]))


def of_splits(pool: Pool) -> Iterator[Slice]:
    yield from _of_sets("split", [[name] for name in pool.splits])


def of_lengths(pool: Pool) -> Iterator[Slice]:
    """Fifths of the rows by the length of their texts."""
    yield from _ranges("length", np.array([len(text) for text in pool.texts], dtype=np.float64), "{} characters")


def of_words(pool: Pool) -> Iterator[Slice]:
    """The rows with each of the most frequent words."""
    each = [{text[start:end].casefold() for start, end in split(text)} for text in pool.texts]
    counts = Counter(word for words in each for word in words if any(map(str.isalnum, word)))
    kept = {word for word, _ in counts.most_common(WORDS)}
    yield from _of_sets("word", [words & kept for words in each])


def of_columns(columns: Mapping[str, Sequence[Any]]) -> Iterator[Slice]:
    """Each value of a column, or ranges of its numbers.

    Args:
        columns: name -> a value per row; None: the row has none.
    """
    for name, values in columns.items():
        numbers = [_number(value) for value in values]
        distinct = {str(value) for value in values if value not in (None, "")}
        if len(distinct) > VALUES:
            if all(number is not None or value in (None, "") for number, value in zip(numbers, values, strict=True)):
                parsed = np.array([math.nan if number is None else number for number in numbers])
                yield from _ranges("column", parsed, short(name, 40).replace("{", "{{").replace("}", "}}") + " {}")
            continue
        texts = [[f"{short(name, 40)} = {short(value, 60)}"] if value not in (None, "") else [] for value in values]
        yield from _of_sets("column", texts)


def of_clusters(pool: Pool, vectors: Floats, seed: int) -> Iterator[Slice]:
    """K-means of the texts' vectors, each cluster named by the words that set it apart.

    Args:
        vectors: `(row, size)`.
    """
    from sklearn.cluster import KMeans

    count = max(2, min(30, round(math.sqrt(len(pool) / 10))))
    clusters = KMeans(count, n_init=3, random_state=seed).fit_predict(vectors)
    words = [{text[start:end].casefold() for start, end in split(text)} for text in pool.texts]
    everywhere = Counter(word for own in words for word in own if any(map(str.isalpha, word)))
    for cluster in range(count):
        rows = clusters == cluster
        inside = Counter(word for row in np.flatnonzero(rows) for word in words[row] if word in everywhere)
        apart = sorted(inside, key=lambda word: (-(inside[word] ** 2) / everywhere[word], word))[:4]
        yield Slice("cluster", f"cluster {cluster + 1}: {', '.join(apart)}", rows)


def _of_sets(by: str, each: Sequence[Any]) -> Iterator[Slice]:
    members: dict[str, list[int]] = {}
    for row, names in enumerate(each):
        for name in names:
            members.setdefault(name, []).append(row)
    for name in sorted(members, key=lambda name: (-len(members[name]), name)):
        rows = np.zeros(len(each), dtype=bool)
        rows[members[name]] = True
        yield Slice(by, name, rows)


def _ranges(by: str, values: Floats, name: str) -> Iterator[Slice]:
    """Ranges with about the same number of rows."""
    known = values[np.isfinite(values)]
    if not len(known):
        return
    borders = np.unique(np.quantile(known, np.linspace(0, 1, RANGES + 1)))
    for place, (low, high) in enumerate(itertools.pairwise(borders)):
        last = place == len(borders) - 2
        rows = (values >= low) & ((values <= high) if last else (values < high))
        yield Slice(by, name.format(f"{low:g} to {high:g}"), rows)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
