"""What a perturbation does to the answers of the rows that it changes, each figure with a 95% interval over rows.

- A row counts where the tokenizer makes other tokens of it than before. Where they are the same (an uncased model, a
  change beyond the cut), the answer is the same for nothing: such rows are counted beside the others.
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


def _quotient(parts: Any, wholes: Any) -> float:
    return float(np.sum(parts) / np.sum(wholes))


SHARE = Metric(
    "share", _quotient, "scores",
    per_row=lambda parts, wholes: np.stack([parts, wholes], axis=1),
    finish=lambda sums, units: {"share": sums[:, 0] / sums[:, 1]},
)  # fmt: skip
"""Rows with something, of all rows; an entry is those of one unit."""


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
    tested: int
    """The other changed rows. What follows is of them."""
    stayed: int | None
    """Of these, those with the same answer; None where answers are numbers."""
    stayed_share: float | None
    stayed_interval: Span | None
    right: int
    """Of these, those that were right; 0 where nobody knows, or no answer need stay."""
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
    verdicts: Sequence[tuple[Verdict, Verdict] | None] | None,
    units: Sequence[Hashable],
) -> Effect:
    """The figures of one perturbation.

    Args:
        rows: how many there are, changed or not.
        same_tokens, same: of each changed row; `same`: whether the answer stayed, None where answers are numbers.
        verdicts: of each changed row, before and after, or None where it can be neither right nor wrong; None: nobody
            knows the right answers.
        units: what each changed row belongs to; rows of one unit are drawn together in intervals and tests.
    """
    changed = len(same_tokens)
    tested = [number for number, equal in enumerate(same_tokens) if not equal]
    own = [units[number] for number in tested]
    stays = None if same is None else [same[number] for number in tested]
    known = verdicts if verdicts and perturbation.keeps_answer else [None] * changed
    judged = [(units[number], *pair) for number in tested if (pair := known[number])]
    right = [(unit, after.score >= 1) for unit, before, after in judged if before.score >= 1]
    return Effect(
        perturbation.name,
        perturbation.family,
        perturbation.does,
        perturbation.keeps_answer,
        changed,
        rows - changed,
        sum(same_tokens),
        len(tested),
        None if stays is None else sum(stays),
        *_share(stays, own),
        len(right),
        sum(kept for _, kept in right),
        *_share([kept for _, kept in right], [unit for unit, _ in right]),
        _score_change(*zip(*judged, strict=True)) if judged else None,
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


def _score_change(units: Sequence[Hashable], before: Sequence[Verdict], after: Sequence[Verdict]) -> ScoreChange:
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


def _share(those: Sequence[bool] | None, units: Sequence[Hashable]) -> tuple[float | None, Span | None]:
    """A share, and its interval: Wilson's where each row is a unit, else of units drawn anew; None of no rows."""
    if not those:
        return None, None
    parts: dict[Hashable, int] = {}
    wholes: dict[Hashable, int] = {}
    for unit, one in zip(units, those, strict=True):
        parts[unit] = parts.get(unit, 0) + one
        wholes[unit] = wholes.get(unit, 0) + 1
    share = sum(those) / len(those)
    if share in (0, 1):  # there is nothing to draw anew
        return share, wilson(share * len(wholes), len(wholes))
    each = (np.array([*counts.values()], dtype=np.float64) for counts in (parts, wholes))
    return share, intervals(SHARE, *each, samples=score.SAMPLES)["share"]
