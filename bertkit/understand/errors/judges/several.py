"""Any number of labels per row: each label is judged as there or not there; suspects by cleanlab, label by label."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from bertkit.tasks.confidence.scaling import softened
from bertkit.understand.errors.calibrated import Floats, of_two, temperature_of
from bertkit.understand.errors.judges.judge import (
    FILTER,
    NOT_FOUND,
    Belief,
    Flags,
    Flips,
    FoldAnswers,
    Found,
    Judge,
    Planted,
    Suspect,
    drawn,
    nearest,
    quiet,
    some_of,
)
from bertkit.understand.errors.pool import Pool


class SeveralJudge(Judge):
    kinds = ("labels",)

    def __init__(self, pool: Pool, rare: frozenset[str] = frozenset()):
        super().__init__(pool, rare)
        self.names = pool.label_names
        self.given: Flags = np.array([[name in row for name in self.names] for row in self.values], dtype=bool)
        self._cuts = np.full(len(self.names), np.inf)

    @property
    def judged(self) -> Flags:
        """`(label,)`."""
        return np.array([name not in self.skipped for name in self.names], dtype=bool)

    def beliefs(self, answered: FoldAnswers) -> list[Belief]:
        each = [dict(answered.task.candidates(answer)) for answer in answered.answers]
        if not all(each):
            return []
        return [Belief(np.array([[likely.get(name, 0.0) for name in self.names]], dtype=np.float64)) for likely in each]

    def calibrated(self, held: Sequence[Belief], rows: Sequence[int], own: Sequence[Belief]) -> list[Belief]:
        temperature = 1.0
        if held:
            flat = of_two(np.concatenate([belief.values for belief in held])).reshape(-1, 2)
            temperature = temperature_of(flat, self.given[list(rows)].reshape(-1).astype(np.int64))
        return [Belief(softened(of_two(belief.values), temperature)[..., 1]) for belief in own]

    def confirmed(self, beliefs: Sequence[Belief]) -> dict[str, float]:
        there = np.concatenate([belief.values for belief in beliefs]) >= 0.5
        return {name: float(there[self.given[:, i], i].mean()) for i, name in enumerate(self.names)}

    def find(self, beliefs: Sequence[Belief]) -> Found:
        likely = np.concatenate([belief.values for belief in beliefs])  # (row, label)
        doubts = np.where(self.given, 1 - likely, likely) * self.judged  # (row, label)
        other = doubts > 0.5
        issues = self._issues(likely) & other
        self._cuts = np.where(issues, doubts, np.inf).min(0)
        of_row = doubts.max(1, initial=0.0)
        flagged = np.flatnonzero(issues.any(1))
        order = flagged[np.argsort(-np.where(issues, doubts, 0.0).max(1)[flagged], kind="stable")]
        suspects = [self._suspect(row, issues[row], doubts[row]) for row in order.tolist()]
        return Found(suspects, np.sort(of_row[other.any(1)])[::-1], of_row, len(likely))

    def _issues(self, likely: Floats) -> Flags:
        from cleanlab.filter import find_label_issues

        issues = np.zeros(likely.shape, dtype=bool)
        for label in np.flatnonzero(self.judged & self.given.any(0) & ~self.given.all(0)).tolist():
            given = self.given[:, label].astype(np.int64)
            with quiet():
                issues[:, label] = find_label_issues(given, of_two(likely[:, label]), filter_by=FILTER, n_jobs=1)
        return issues

    def _suspect(self, row: int, issues: Flags, doubts: Floats) -> Suspect:
        """All doubtful labels of a row together, as they are corrected together."""
        sides = [self._names(side) for side in (self.given[row], self.given[row] ^ issues)]
        given, suggested = (json.dumps(names, ensure_ascii=False) for names in sides)
        shown = [_shown(names) for names in sides]
        pairs = [
            (f"with {name}", f"without {name}") if name in sides[0] else (f"without {name}", f"with {name}")
            for name in self._names(issues)
        ]
        doubt = float(doubts[issues].max())
        return Suspect(row, doubt, doubt, given, suggested, shown=(shown[0], shown[1]), pairs=tuple(pairs))

    def _names(self, there: Flags) -> list[str]:
        return [name for name, yes in zip(self.names, there.tolist(), strict=True) if yes]

    def written(self, row: int) -> str:
        return json.dumps(self._names(self.given[row]), ensure_ascii=False)

    def shown(self, row: int) -> str:
        return _shown(self._names(self.given[row]))

    def plant(self, beliefs: Sequence[Belief], flips: Flips, share: float, draw: np.random.Generator) -> Planted:
        """Of each drawn row one label is added or taken away. `similar`: as often the one or the other as the models
        hold it for possible; what is added is one of those that they confuse most with those that the row has."""
        likely = np.concatenate([belief.values for belief in beliefs])
        rows = some_of(len(likely), share, draw)
        weights = np.tile(self.judged.astype(np.float64), (len(rows), 1))
        if flips == "similar":
            shares = self.given.T.astype(np.float64) @ likely  # (given label, label)
            mixed = shares / np.maximum(self.given.sum(0), 1)[:, None]
            near = (self.given[rows].astype(np.float64) @ mixed + likely.mean(0)) * weights * ~self.given[rows]
            few = nearest(near, int(self.judged.sum()) - 1)  # (row, label)
            added = few * near.sum(1, keepdims=True) / np.maximum(few.sum(1, keepdims=True), 1)
            weights *= np.where(self.given[rows], 1 / np.maximum(self.given[rows].sum(1, keepdims=True), 1), added)
        labels = drawn(weights, draw)
        rows, labels = rows[labels >= 0], labels[labels >= 0]
        planted = ~self.given[rows, labels]
        doubts = np.where(planted, 1 - likely[rows, labels], likely[rows, labels])
        doubts = np.where(doubts > 0.5, doubts, NOT_FOUND)
        return Planted(doubts, doubts >= self._cuts[labels])


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names) or "no label"
