"""How far to trust the list: errors planted on purpose in the user's own data, and what follows from those found.

Wrong answers are put in the place of a share of the given ones, drawn at random. How many of them would be suspects is
the **recall** of errors of their kind. It is exact in one point: a model that was not trained on a row holds for likely
what it does whatever label the row has, so planted errors meet the very models that judged the data, trained on the
errors that are there, and nothing is trained again. It rests on one assumption: that errors in the data are hit at
random like the planted ones. Errors that follow a rule (all of one annotator, all texts of one kind) are learnt, and
not found.

What share of the suspects are errors, their **precision**, no planting can show: a rare but correct label looks like a
wrong one, and only someone who reads the row can tell. But planting bounds it. Let R(t) be the share of planted errors
that are doubted by more than t, and F(t) the number of answers so doubted. If the data holds N errors like the planted
ones, N R(t) of them are among these F(t). So there are at most F(t) / R(t), at each t: the smallest of these numbers
bounds N (Blanchard et al. 2010 bound the share of a known component of a mixture alike), and N R / F the precision,
from above. F(t) is a count, of which the upper 95% limit is taken (Garwood 1936). The bound is near the truth where
some level of doubt is reached by hardly any correct row.

The kind matters: what is bounded is the number of errors like the planted ones, hit at random. Two kinds give two
bounds. `similar` ones are labels that the models confuse most with the given one, as people do; `any` ones are slips:
any other label. Similar ones are harder to find, and give the higher number of errors. Errors in rows that are hard in
themselves (two labels would do) are harder than both, and in no bound.

Measured by benchmarks/label_errors.py on Banking77 with 2, 5 and 10% of the labels flipped, to any label or to one of
the three with the nearest mean vectors (`--quick`, 4 folds): the recall of the kind that was flipped was within 0.01 of
the true one in all six copies. Its number was bounded by 101 to 107% of the true one for flips to any label, and by 118
to 141% for near ones; no bound was below the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from bertkit.fs import without_nan
from bertkit.metrics.resamples.bounds import wilson
from bertkit.understand.errors.calibrated import Floats
from bertkit.understand.errors.judges.judge import Belief, Flips, Found, Judge, Planted

SHARE = 0.05
ENOUGH = 400
"""Planted errors from which on planting is not repeated: a recall is then known to 0.05."""
REPEATS = 20
LEAST_RECALL, LEAST_ROWS = 0.5, 20
"""Levels of doubt at which errors are counted: few answers reach a higher one, and their number is chance."""
LEVEL = 0.95
LENGTHS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Lengths of the list for which figures are given, besides that of all suspects."""


@dataclass(frozen=True)
class Trust:
    """What planted errors of one kind say of the list of suspects."""

    flips: Flips
    planted: int
    """How many were planted, over all repetitions."""
    recall: float
    """Share of planted errors that are among the suspects."""
    interval: tuple[float, float]
    """95%, of the recall."""
    errors: float
    """At most so many errors of this kind, in the whole data; nan: too few rows to say."""
    precision: float
    """At most this share of the suspects are errors of this kind; nan: too few rows to say."""
    least: float
    """Share of planted errors among the suspects of a copy of the data in which they were planted: its precision is at
    least this."""
    lists: list[dict[str, float]]
    """Recall of the first `rows` suspects alone."""

    def record(self) -> dict[str, Any]:
        """As JSON values; None for nan."""
        return without_nan({**vars(self), "interval": list(self.interval)})


def trust_of(judge: Judge, found: Found, beliefs: Sequence[Belief], share: float = SHARE, seed: int = 0) -> list[Trust]:
    """What errors planted in a share of the answers say of what was found, for each kind of planted errors.

    Args:
        beliefs: those by which `found` was found.
    """
    return [
        _trust(flips, found, *_planted(judge, beliefs, flips, share, [seed, number]), share)
        for number, flips in enumerate(get_args(Flips))
    ]


def _planted(
    judge: Judge, beliefs: Sequence[Belief], flips: Flips, share: float, seed: Sequence[int]
) -> tuple[Floats, np.ndarray]:
    """Doubts about all planted errors, and whether they were found; planted again and again until there are enough."""
    parts: list[Planted] = []
    for repeat in range(REPEATS):
        parts.append(judge.plant(beliefs, flips, share, np.random.default_rng([*seed, repeat])))
        if sum(len(part.doubts) for part in parts) >= ENOUGH:
            break
    return np.concatenate([part.doubts for part in parts]), np.concatenate([part.found for part in parts])


def _trust(flips: Flips, found: Found, doubts: Floats, hits: np.ndarray, share: float) -> Trust:
    count, suspects = len(doubts), len(found.suspects)
    if not count:
        nan = float("nan")
        return Trust(flips, 0, nan, (nan, nan), nan, nan, nan, [])
    recall = float(hits.mean())
    counted = min(count, found.units)  # answers that were drawn again say nothing new
    errors = _errors(found.doubts, doubts)
    in_copy = recall * share * found.units
    among = in_copy + (1 - share) * suspects
    return Trust(
        flips, count, recall, wilson(recall * counted, counted), errors,
        float(np.minimum(1.0, errors * recall / suspects)) if suspects else float("nan"),
        in_copy / among if among else float("nan"), _lists(found, doubts),
    )  # fmt: skip


def _errors(all_doubts: Floats, planted: Floats) -> float:
    """The smallest bound of the number of errors.

    Args:
        all_doubts: descending.
    """
    from scipy.special import gammaincinv

    lengths = np.unique(np.geomspace(LEAST_ROWS, max(len(all_doubts), LEAST_ROWS), 60).astype(int))
    lengths = lengths[lengths <= len(all_doubts)]
    recalls = np.array([(planted >= all_doubts[length - 1]).mean() for length in lengths])
    kept = recalls >= LEAST_RECALL
    return float((gammaincinv(lengths[kept] + 1, LEVEL) / recalls[kept]).min()) if kept.any() else float("nan")


def _lists(found: Found, planted: Floats) -> list[dict[str, float]]:
    suspects = [suspect.doubt for suspect in found.suspects]
    lengths = [length for length in LENGTHS if length < len(suspects)] + ([len(suspects)] if suspects else [])
    return [{"rows": rows, "recall": float((planted >= suspects[rows - 1]).mean())} for rows in lengths]
