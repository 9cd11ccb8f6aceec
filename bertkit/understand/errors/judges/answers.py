"""Answers that are parts of a text, or none: doubted where another answer is given with confidence, by F1 between them.

The doubt is the model's confidence in its own answer, times 1 minus the F1 (of the official scripts) between it and the
given ones. Suspects are those whose doubt is at least the mean confidence of the answers that agree: the threshold of
confident learning (Northcutt et al. 2021, equation 2), as there are no classes for cleanlab to count. So an answer that
shares half of its words with the given one is never a suspect: borders differ from one annotator to the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from bertkit.metrics.squad import f1
from bertkit.understand.errors.calibrated import Floats
from bertkit.understand.errors.judges.judge import (
    NOT_FOUND,
    Belief,
    Flips,
    FoldAnswers,
    Found,
    Judge,
    Planted,
    Suspect,
    some_of,
)
from bertkit.understand.errors.pool import Pool

NO_ANSWER, NOTHING = "no answer", "[]"
"""What is shown, and what a file of corrections has, where there is no answer."""
_CHINESE = re.compile("[\u4e00-\u9fa5]")


class AnswerJudge(Judge):
    noun = "answers"
    kinds = ("answers",)

    def __init__(self, pool: Pool, rare: frozenset[str] = frozenset()):
        super().__init__(pool, rare)
        self.golds = [list(dict.fromkeys(answer["text"] for answer in value)) for value in self.values]
        before = [column.name for column in pool.columns if column.kind == "text"]
        self.contexts = [row[before[-1]] for row in pool.rows] if before else []
        self.chinese = [
            bool(_CHINESE.search(text)) for text in self.contexts or [" ".join(gold) for gold in self.golds]
        ]
        """Of each row: its answers are compared by characters, also where the given one is a number, or none."""
        self._cut = np.inf

    def beliefs(self, answered: FoldAnswers) -> list[Belief]:
        """Probabilities `(1, candidate)`, the model's own answer first; texts: the candidates."""
        found, told = [], False
        for answer in answered.answers:
            candidates = answered.task.candidates(answer)
            sure = answered.task.confidence(answer)
            if sure is None:
                return []
            own = str(next(iter(answered.task.to_columns(answer).values())) or "")
            others = [(str(text), p) for text, p in candidates if str(text) != own]
            told |= bool(candidates)  # a question may have none: no start and end fit together
            found.append(Belief(np.array([[sure, *(p for _, p in others)]]), [own, *(text for text, _ in others)]))
        return found if told else []

    def calibrated(self, held: Sequence[Belief], rows: Sequence[int], own: Sequence[Belief]) -> list[Belief]:
        """As they are: the confidence was fitted by the task, on the same held rows (`Task.tune`)."""
        return list(own)

    def find(self, beliefs: Sequence[Belief]) -> Found:
        sure = np.array([belief.values[0, 0] for belief in beliefs])
        scores = np.array(
            [self._score(row, beliefs[row].texts[0], gold) for row, gold in enumerate(self.golds)], dtype=np.float64
        )
        doubts = sure * (1 - scores)  # (row,)
        agreed = sure[scores == 1]
        self._cut = float(agreed.mean()) if len(agreed) else np.inf
        order = np.argsort(-doubts, kind="stable")
        suspects = [self._suspect(row, beliefs[row], doubts[row]) for row in order.tolist() if doubts[row] >= self._cut]
        return Found(suspects, np.sort(doubts[scores < 1])[::-1], doubts, len(doubts))

    def _suspect(self, row: int, belief: Belief, doubt: float) -> Suspect:
        sides = next(iter(self.golds[row]), ""), belief.texts[0]
        shown = sides[0] or NO_ANSWER, sides[1] or NO_ANSWER
        given, suggested = (side or NOTHING for side in sides)
        return Suspect(row, float(doubt), float(belief.values[0, 0]), given, suggested, shown=shown)

    def written(self, row: int) -> str:
        return next(iter(self.golds[row]), "") or NOTHING

    def shown(self, row: int) -> str:
        return next(iter(self.golds[row]), "") or NO_ANSWER

    def plant(self, beliefs: Sequence[Belief], flips: Flips, share: float, draw: np.random.Generator) -> Planted:
        """`similar`: another candidate of the model, as likely as it holds it; `any`: as many words from anywhere in
        the text."""
        doubts = []
        for row in some_of(len(beliefs), share, draw).tolist():
            belief, gold = beliefs[row], self.golds[row]
            planted = self._candidate(row, belief, draw) if flips == "similar" else self._piece(row, gold, draw)
            if planted is None:
                continue
            score = self._score(row, belief.texts[0], [planted] if planted else [])
            doubts.append(float(belief.values[0, 0]) * (1 - score) if score < 1 else NOT_FOUND)
        found: Floats = np.array(doubts, dtype=np.float64)
        return Planted(found, found >= self._cut)

    def _candidate(self, row: int, belief: Belief, draw: np.random.Generator) -> str | None:
        weights = np.array(
            [
                p * (1 - self._score(row, text, self.golds[row]))
                for text, p in zip(belief.texts, belief.values[0], strict=True)
            ]
        )
        return belief.texts[int(draw.choice(len(weights), p=weights / weights.sum()))] if weights.sum() > 0 else None

    def _piece(self, row: int, gold: Sequence[str], draw: np.random.Generator) -> str | None:
        context = self.contexts[row] if self.contexts else ""
        apart = "" if self.chinese[row] else " "
        words: Any = context.split() if apart else context
        size = max(1, len(gold[0].split() if apart else gold[0]) if gold else 3)
        if len(words) <= size:
            return None
        first = int(draw.integers(len(words) - size + 1))
        piece = apart.join(words[first : first + size])
        return piece if self._score(row, piece, gold) < 1 else None

    def _score(self, row: int, text: str, gold: Sequence[str]) -> float:
        return float(f1(text, list(gold), "cmrc" if self.chinese[row] else "v2"))
