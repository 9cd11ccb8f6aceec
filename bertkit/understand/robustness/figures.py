"""What a perturbation does to the answers of the rows that it changes, each figure with a 95% interval over rows.

- A row is right where its score (`Verdict.score`) is 1. The **robust share** is the share of the rows that were right
  and still are; one minus it is the share of flips.
- The mean score before and after, and their difference, with the paired test of `compare` (metrics/paired.py), as the
  rows are the same; p is corrected for the number of perturbations (Holm 1979).
- How many answers stay, right or wrong. It needs no right answers, and is all there is for a negation, or for rows
  whose right answers nobody knows.

Documents of one query are no rows of their own: their mean is one value in intervals and tests.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bertkit.inference import score
from bertkit.metrics import Metric, intervals, paired
from bertkit.metrics.resamples.bounds import Span, wilson
from bertkit.tasks.task import Verdict
from bertkit.understand.robustness.perturbations.perturbation import Perturbation


def _mean(predictions: Any, references: Any) -> float:
    return float(np.mean(predictions))


SCORE = Metric("score", _mean, "scores", per_row=lambda predictions, references: predictions)
"""The mean of the scores of rows."""


@dataclass(frozen=True)
class ScoreChange:
    """Mean score of the changed rows before and after, and the paired test of the difference."""

    clean: float
    clean_interval: Span
    perturbed: float
    perturbed_interval: Span
    difference: float
    interval: Span
    p: float
    test: str
    corrected: float = np.nan
    """p after Holm's correction."""


@dataclass(frozen=True)
class Effect:
    """What a perturbation did. Counts are of rows."""

    name: str
    family: str
    does: str
    keeps_answer: bool
    changed: int
    unchanged: int
    """The perturbation does not apply to them, and they do not count as robust."""
    same_tokens: int
    """Of the changed rows, those that the tokenizer makes the same tokens of."""
    stayed: int | None
    """Of the changed rows, those with the same answer; None where answers are numbers."""
    stayed_share: float | None
    stayed_interval: Span | None
    right: int
    """Of the changed rows, those that were right; 0 where nobody knows, or no answer need stay."""
    kept: int
    """Of these, those that still are."""
    robust: float | None
    """`kept / right`; None where none was right."""
    robust_interval: Span | None
    score: ScoreChange | None = None

    def record(self) -> dict[str, Any]:
        """As plain values, with the flips."""
        return {**asdict(self), "flips": self.right - self.kept}


def effect(
    perturbation: Perturbation,
    rows: int,
    same_tokens: Sequence[bool],
    same: Sequence[bool] | None,
    verdicts: tuple[Sequence[Verdict], Sequence[Verdict]] | None,
    units: Sequence[Hashable],
) -> Effect:
    """The figures of one perturbation.

    Args:
        rows: how many there are, changed or not.
        same_tokens, same: of each changed row; `same`: whether the answer stayed, None where answers are numbers.
        verdicts: of the changed rows, before and after; None: nobody knows the right answers.
        units: what each changed row belongs to; rows of one unit count as one in intervals and tests of the score.
    """
    changed = len(same_tokens)
    before, after = verdicts if verdicts and perturbation.keeps_answer else ((), ())
    was_right = [verdict.score >= 1 for verdict in before]
    right = sum(was_right)
    kept = sum(was and now.score >= 1 for was, now in zip(was_right, after, strict=True))
    stayed = None if same is None else sum(same)
    return Effect(
        perturbation.name,
        perturbation.family,
        perturbation.does,
        perturbation.keeps_answer,
        changed,
        rows - changed,
        sum(same_tokens),
        stayed,
        *_share(stayed, changed),
        right,
        kept,
        *_share(kept, right),
        _score_change(before, after, units) if before else None,
    )


def corrected(effects: Sequence[Effect]) -> list[Effect]:
    """With Holm's correction for the number of perturbations that were tested."""
    values = paired.holm([one.score.p if one.score else np.nan for one in effects])
    return [
        replace(one, score=replace(one.score, corrected=p)) if one.score else one
        for one, p in zip(effects, values, strict=True)
    ]


def mean_score(verdicts: Sequence[Verdict], units: Sequence[Hashable]) -> tuple[float, Span]:
    """The mean score of rows, and its interval."""
    return _mean_of(_by_unit(verdicts, units))


def _mean_of(values: np.ndarray) -> tuple[float, Span]:
    zeros = np.zeros(len(values))
    return float(values.mean()), intervals(SCORE, values, zeros, samples=score.SAMPLES)["score"]


def _score_change(before: Sequence[Verdict], after: Sequence[Verdict], units: Sequence[Hashable]) -> ScoreChange:
    one, other = _by_unit(before, units), _by_unit(after, units)
    effort = paired.Effort(score.SAMPLES)
    (found,) = paired.differences(SCORE, one, other, np.zeros(len(one)), effort)
    return ScoreChange(*_mean_of(one), *_mean_of(other), found.difference, found.interval, found.p, found.test)


def _by_unit(verdicts: Sequence[Verdict], units: Sequence[Hashable]) -> np.ndarray:
    """`(unit,)`: the mean score of each."""
    scores: dict[Hashable, list[float]] = {}
    for unit, verdict in zip(units, verdicts, strict=True):
        scores.setdefault(unit, []).append(verdict.score)
    return np.array([np.mean(each) for each in scores.values()])


def _share(part: int | None, whole: int) -> tuple[float | None, Span | None]:
    """A share and Wilson's interval of it; None of nothing."""
    if part is None or not whole:
        return None, None
    return part / whole, wilson(part, whole)
