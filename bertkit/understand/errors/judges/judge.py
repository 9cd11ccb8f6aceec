"""Judge: which given answers look wrong, from what a model that has not trained on the row holds for likely.

The doubt about an answer is 1 minus the calibrated probability of what is given (cleanlab's self-confidence; of texts
and numbers see their files). Doubts order the list. How many of the first are suspects is estimated by confident
learning (Northcutt et al. 2021), where answers have classes.
"""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.tasks.task import Answer, Encoded, Outputs, Rows, Task
from bertkit.understand.errors.calibrated import Floats
from bertkit.understand.errors.pool import Pool

Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Flips = Literal["similar", "any"]
"""What a planted label is: one of those that the models confuse most with the given one (see `nearest`); or any
other."""
NEAREST = 3
"""Most labels that count as similar to one. People confuse few; in proportion to what the models hold for likely, the
many labels that are all unlikely would make a good part of the planted ones, and are easy to find. On Banking77 with 2,
5 and 10% of the labels flipped to one of the three with the nearest mean vectors, the number said (planted.py) was 141,
120 and 118% of the true one with this, and 100, 88 and 69% in proportion: no upper bound."""
KNOWN = 0.2
"""Least share of the rows (words) given a label that the models must give it too, to judge them. Of 1,500 sentences of
WNUT 17 with 5% changed entities MiniLM learns two of six types: the 20 most doubtful entities were all of the others,
and none of them was a changed one. Without these types 4 of the first 20 were."""
NOT_FOUND = -np.inf
FILTER: Any = "low_self_confidence"
"""cleanlab's rule: as many of the least likely labels as confident learning counts errors. On Banking77 with 5% flipped
labels it finds 94% of them with a precision of 92%; `prune_by_noise_rate`, its default, 82% with 68%."""


class Belief(NamedTuple):
    """What a model holds for likely of a row."""

    values: Floats
    """`(part, class)`: a row has one part, or one per word or label."""
    texts: Sequence[str] = ()
    """What the kind of answer keeps beside them."""


class FoldAnswers(NamedTuple):
    """Rows of a fold, answered by its model."""

    task: Task
    outputs: Outputs
    encoded: Encoded
    answers: list[Answer]
    rows: Rows


@dataclass(frozen=True)
class Suspect:
    """An answer, or a part of one, that looks wrong."""

    row: int
    doubt: float
    confidence: float
    """In what is suggested."""
    given: str
    suggested: str
    words: tuple[int, int] | None = None
    """First word and the one after the last, from 0, of an answer per word."""
    shown: tuple[str, str] | None = None
    """Given and suggested for people, where a file writes them in another way."""
    pairs: tuple[tuple[str, str], ...] = ()
    """Given and suggested labels, to be counted."""


@dataclass(frozen=True)
class Found:
    """What a judge found."""

    suspects: list[Suspect]
    """The most doubtful first."""
    doubts: Floats
    """`(unit,)`, descending: of all answers (or parts) that the models would give another way."""
    of_row: Floats
    """`(row,)`: the doubt about each row's answer as a whole; 0 where it is not judged."""
    units: int
    """How many answers (or entities) could be wrong."""
    notes: list[str] = field(default_factory=list)
    """What was not judged, and why."""


class Planted(NamedTuple):
    """Wrong answers that were put in place of the given ones, on purpose."""

    doubts: Floats
    """`(planted,)`: about each; minus infinity where the model holds it for right."""
    found: Flags
    """`(planted,)`: whether it would be among the suspects."""


class Judge(ABC):
    """Of one kind of answer; a Judge is made for a pool of rows. `written`, `shown` and `plant` are called after
    `find`.

    Args:
        rare: labels that too few rows have for a model to know them.
    """

    noun = "labels"
    """What may be wrong."""
    kinds: tuple[str, ...]
    """Kinds of the answer column that it judges."""

    def __init__(self, pool: Pool, rare: frozenset[str] = frozenset()):
        self.pool, self.rare = pool, rare
        self.unknown: frozenset[str] = frozenset()
        """Labels that the models do not know."""
        self.values = [row[pool.answer.name] for row in pool.rows]
        """The given answers."""

    @abstractmethod
    def beliefs(self, answered: FoldAnswers) -> list[Belief]:
        """One per row; empty: the task's answers do not tell them."""

    @abstractmethod
    def calibrated(self, held: Sequence[Belief], rows: Sequence[int], own: Sequence[Belief]) -> list[Belief]:
        """The beliefs of a fold's rows, calibrated.

        Args:
            held, rows: beliefs about rows that were held out of the training, and the numbers of these rows.
            own: those of the fold.
        """

    @abstractmethod
    def find(self, beliefs: Sequence[Belief]) -> Found:
        """The suspects among the given answers.

        Args:
            beliefs: one per row of the pool.
        """

    def confirmed(self, beliefs: Sequence[Belief]) -> dict[str, float]:
        """The share of the rows (words) given each label to which the models would give it too; empty: no labels."""
        return {}

    def set_aside(self, beliefs: Sequence[Belief]) -> None:
        """Judge no labels that the models do not know: all rows that have them would look wrong."""
        few = {name for name, share in self.confirmed(beliefs).items() if share < KNOWN}
        self.unknown = frozenset(few) - self.rare

    @property
    def skipped(self) -> frozenset[str]:
        """Labels that are not judged."""
        return self.rare | self.unknown

    @abstractmethod
    def written(self, row: int) -> str:
        """The given answer of a row as a file of corrections has it."""

    def shown(self, row: int) -> str:
        """The given answer of a row for people."""
        return self.written(row)

    @abstractmethod
    def plant(self, beliefs: Sequence[Belief], flips: Flips, share: float, draw: np.random.Generator) -> Planted:
        """Put wrong answers in the place of a share of the given ones, at least one, and judge them as `find` did
        before.

        A row's own label changes nothing in what a model that was not trained on the row holds for likely. So nothing
        is trained again, and the planted errors meet the same models as the errors that are there.
        """


@contextmanager
def quiet() -> Iterator[None]:
    """cleanlab warns of classes without rows and other things that are reported here in our words."""
    with warnings.catch_warnings(action="ignore"):
        yield


def drawn(weights: Floats, draw: np.random.Generator) -> Numbers:
    """`(row,)`: a class for each row, drawn by its weights `(row, class)`; -1 where all are 0."""
    sums = np.cumsum(weights, axis=1)
    points = draw.random(len(weights)) * sums[:, -1]
    classes = (sums <= points[:, None]).sum(1)
    return np.where(sums[:, -1] > 0, np.minimum(classes, weights.shape[1] - 1), -1)


def nearest(weights: Floats, others: int) -> Floats:
    """`(row, class)`: 1 for the classes with the highest weights above 0, else 0.

    Args:
        others: how many classes another one can be confused with; a third of them are similar, at most NEAREST.
    """
    kept = min(NEAREST, math.ceil(others / 3))
    order = np.argsort(-weights, axis=1, kind="stable")[:, :kept]
    chosen = np.zeros(weights.shape)
    np.put_along_axis(chosen, order, 1.0, axis=1)
    return chosen * (weights > 0)


def some_of(count: int, share: float, draw: np.random.Generator) -> Numbers:
    """A share of so many numbers, at least one, drawn without repetition."""
    return draw.permutation(count)[: max(1, round(share * count))]
