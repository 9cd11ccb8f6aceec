"""One label per row, or the number of the right choice; suspects by cleanlab (confident learning)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertkit.tasks.confidence.scaling import softened
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
    drawn,
    nearest,
    quiet,
    some_of,
)
from bertkit.understand.errors.pool import Pool


class ClassJudge(Judge):
    kinds = ("label", "choice")

    def __init__(self, pool: Pool, rare: frozenset[str] = frozenset()):
        super().__init__(pool, rare)
        self.chosen = pool.answer.kind == "choice"
        self.names: list[str] = pool.label_names
        number = {name: i for i, name in enumerate(self.names)}
        self.given: Numbers = np.array([value if self.chosen else number[value] for value in self.values])
        self._cut = np.inf

    def beliefs(self, answered: FoldAnswers) -> list[Belief]:
        found = []
        for answer in answered.answers:
            likely = dict(answered.task.candidates(answer))
            if not likely:
                return []
            values = list(likely.values()) if self.chosen else [likely.get(name, 0.0) for name in self.names]
            found.append(Belief(np.array([values], dtype=np.float64)))
        return found

    def calibrated(self, held: Sequence[Belief], rows: Sequence[int], own: Sequence[Belief]) -> list[Belief]:
        temperature = temperature_of(self._matrix(held), self.given[list(rows)]) if held else 1.0
        return [Belief(softened(belief.values, temperature)) for belief in own]

    def confirmed(self, beliefs: Sequence[Belief]) -> dict[str, float]:
        if self.chosen:
            return {}
        right = self._matrix(beliefs).argmax(1) == self.given
        return {name: float(right[self.given == i].mean()) for i, name in enumerate(self.names)}

    def find(self, beliefs: Sequence[Belief]) -> Found:
        from cleanlab.filter import find_label_issues

        likely, judged = self._matrix(beliefs), self._judged()
        doubts = 1 - likely[np.arange(len(likely)), self.given]  # (row,)
        best = likely.argmax(1)
        other = judged & (best != self.given)
        issues = np.zeros(len(likely), dtype=bool)
        if len(np.unique(self.given[judged])) > 1:  # cleanlab counts confusions of two classes or more
            with quiet():
                issues[judged] = find_label_issues(self.given[judged], likely[judged], filter_by=FILTER, n_jobs=1)
        issues &= other
        self._cut = float(doubts[issues].min(initial=np.inf))
        order = np.flatnonzero(issues)[np.argsort(-doubts[issues], kind="stable")]
        suspects = [self._suspect(row, int(best[row]), float(doubts[row]), likely[row]) for row in order.tolist()]
        return Found(suspects, np.sort(doubts[other])[::-1], np.where(judged, doubts, 0.0), int(judged.sum()))

    def _suspect(self, row: int, best: int, doubt: float, likely: Floats) -> Suspect:
        given, suggested = self._name(self.given[row]), self._name(best)
        if not self.chosen:
            return Suspect(row, doubt, float(likely[best]), given, suggested, pairs=((given, suggested),))
        texts = self._choices(row)
        return Suspect(row, doubt, float(likely[best]), given, suggested, shown=(texts[int(given)], texts[best]))

    def _choices(self, row: int) -> list[str]:
        return next(self.pool.rows[row][column.name] for column in self.pool.columns if column.kind == "choices")

    def shown(self, row: int) -> str:
        return self._choices(row)[int(self.given[row])] if self.chosen else self.written(row)

    def plant(self, beliefs: Sequence[Belief], flips: Flips, share: float, draw: np.random.Generator) -> Planted:
        likely, rows = self._matrix(beliefs), np.flatnonzero(self._judged())
        rows = rows[some_of(len(rows), share, draw)]
        new = drawn(self._weights(likely, rows, flips), draw)
        rows, new = rows[new >= 0], new[new >= 0]
        doubts = np.where(likely[rows].argmax(1) == new, NOT_FOUND, 1 - likely[rows, new])
        return Planted(doubts, doubts >= self._cut)

    def _weights(self, likely: Floats, rows: Numbers, flips: Flips) -> Floats:
        """`(row, class)`: how likely each other class is to be planted."""
        if flips == "any":
            weights = np.ones((len(rows), likely.shape[1]))
            if self.chosen:
                weights = (likely[rows] > 0).astype(np.float64)
        elif self.chosen:
            weights = likely[rows].copy()
        else:
            sure = likely.argmax(1) == self.given  # of other rows the given label may be wrong
            mixed = np.zeros((len(self.names), len(self.names)))
            np.add.at(mixed, self.given[sure], likely[sure])  # how likely the models hold each class, by the given one
            weights = mixed[self.given[rows]]
        if self.skipped:
            weights[:, [name in self.skipped for name in self.names]] = 0.0
        weights[np.arange(len(rows)), self.given[rows]] = 0.0
        if flips == "any" or self.chosen:
            return weights
        return nearest(weights, len(self.names) - len(self.skipped) - 1)

    def _judged(self) -> Flags:
        if self.chosen:
            return np.ones(len(self.given), dtype=bool)
        return np.array([value not in self.skipped for value in self.values], dtype=bool)

    def _matrix(self, beliefs: Sequence[Belief]) -> Floats:
        """`(row, class)`; 0 after the last choice of a row."""
        width = max(belief.values.shape[1] for belief in beliefs)
        likely = np.zeros((len(beliefs), width))
        for row, belief in enumerate(beliefs):
            likely[row, : belief.values.shape[1]] = belief.values[0]
        return likely

    def written(self, row: int) -> str:
        return self._name(self.given[row])

    def _name(self, number: int) -> str:
        return str(int(number)) if self.chosen else self.names[int(number)]
