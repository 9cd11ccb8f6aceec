"""Numbers: doubted by how far they are from the predicted ones, in units of the usual distance.

Residuals are divided by 1.4826 times their median absolute deviation, which errors do not widen (Rousseeuw & Croux
1993). A suspect is more than 3.5 of these units off (Iglewicz & Hoaglin 1993). Predictions are first fitted to the
given numbers by a line, per fold, as some are on another scale: the relevance of a document is 0 to 1, its grade is
not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertkit.understand.errors.calibrated import TINY, Floats, line_of
from bertkit.understand.errors.judges.judge import Belief, Flips, FoldAnswers, Found, Judge, Planted, Suspect, some_of
from bertkit.understand.errors.pool import Pool

LIMIT = 3.5
MAD = 1.4826
"""Of a normal distribution, the standard deviation divided by the median absolute deviation."""


class NumberJudge(Judge):
    noun = "numbers"
    kinds = ("number",)

    def __init__(self, pool: Pool, rare: frozenset[str] = frozenset()):
        super().__init__(pool, rare)
        self.given: Floats = np.array(self.values, dtype=np.float64)

    def beliefs(self, answered: FoldAnswers) -> list[Belief]:
        """The predicted number, `(1, 1)`."""
        predicted, _ = answered.task.compare(answered.answers, answered.rows, "scores")
        return [Belief(np.array([[value]], dtype=np.float64)) for value in np.asarray(predicted, dtype=np.float64)]

    def calibrated(self, held: Sequence[Belief], rows: Sequence[int], own: Sequence[Belief]) -> list[Belief]:
        offset, slope = line_of(self._predicted(held), self.given[list(rows)]) if held else (0.0, 1.0)
        return [Belief(offset + slope * belief.values) for belief in own]

    def find(self, beliefs: Sequence[Belief]) -> Found:
        predicted = self._predicted(beliefs)
        doubts = self._doubts(self.given - predicted, predicted)
        order = np.argsort(-doubts, kind="stable")
        suspects = [
            Suspect(row, float(doubts[row]), float(doubts[row]), self.written(row), f"{predicted[row]:.4g}")
            for row in order.tolist()
            if doubts[row] > 0.5
        ]
        return Found(suspects, np.sort(doubts)[::-1], doubts, len(doubts))

    def written(self, row: int) -> str:
        return f"{self.given[row]:.10g}"

    def plant(self, beliefs: Sequence[Belief], flips: Flips, share: float, draw: np.random.Generator) -> Planted:
        """`any`: the number of another row; `similar`: the next smaller or greater number that occurs, ten rows away in
        their order."""
        predicted, count = self._predicted(beliefs), len(self.given)
        rows = some_of(count, share, draw)
        if flips == "any":
            new = self.given[draw.integers(count, size=len(rows))]
        else:
            order = np.sort(self.given)
            at = np.searchsorted(order, self.given[rows]) + draw.choice([-1, 1], size=len(rows)) * max(1, count // 10)
            new = order[np.clip(at, 0, count - 1)]
        rows, new = rows[new != self.given[rows]], new[new != self.given[rows]]
        doubts = self._doubts(new - predicted[rows], predicted)
        return Planted(doubts, doubts > 0.5)

    def _doubts(self, residuals: Floats, predicted: Floats) -> Floats:
        """`(row,)`, from 0 to 1: 0.5 where a residual is `LIMIT` units."""
        own = self.given - predicted
        unit = max(MAD * float(np.median(np.abs(own - np.median(own)))), TINY)
        size = np.abs(residuals - np.median(own)) / unit
        return size / (size + LIMIT)

    def _predicted(self, beliefs: Sequence[Belief]) -> Floats:
        return np.array([belief.values[0, 0] for belief in beliefs])
