"""How faithful an explanation is: deletion and insertion curves over words, beside those of random orders.

Deletion takes the words out, those that add most first: the faster the score falls, the better the explanation.
Insertion starts without any word and puts them back in the same order: the faster the score rises, the better (Petsiuk
et al. 2018, section 3.2; DeYoung et al. 2020, section 4, for texts). A word is taken out twice: by removal, which
leaves texts that nobody writes, and by the mask, which only a pre-training has seen. Neither is right, so both are
shown, and always against random orders of the same words.

A curve's figure is its mean over all shares of words, as a change of the score: from that of the whole example for
deletion, from that without words for insertion. It has the unit of the score, which for most heads is a logit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, get_args

import numpy as np

from bertkit.understand.explain.variants import Explained, How

SHARES = tuple(step / 10 for step in range(11))
"""Of the words that are taken out, or put back."""
RANDOM = 5
"""Random orders of each example."""
KINDS = ("deletion", "insertion")
HOWS: tuple[How, ...] = get_args(How)
ROWS = 3
"""That an interval needs."""
FEWEST = 2
"""Words that a curve needs."""


@dataclass(frozen=True)
class Curves:
    """The curves of one target: `(share,)` changes of the score, by `(kind, how)`.

    Ways in which fewer than two words can be taken out have none.

    Args:
        own: in the order of the explanation.
        random: mean of the random orders.
    """

    own: dict[tuple[str, str], np.ndarray]
    random: dict[tuple[str, str], np.ndarray]


def curves(parts: Sequence[Explained], attributions: Sequence[np.ndarray], seed: Sequence[int]) -> Curves | None:
    """The curves of a target, summed over its parts; None where no part has enough words to put in order.

    Args:
        attributions: of the words of each part.
        seed: of the random orders.
    """
    draw = np.random.default_rng(list(seed))
    own: dict[tuple[str, str], np.ndarray] = {}
    random: dict[tuple[str, str], np.ndarray] = {}
    for part, values in zip(parts, attributions, strict=True):
        for side, found in zip((own, random), _of_part(part, values, draw), strict=True):
            for key, changes in found.items():
                side[key] = side.get(key, 0.0) + changes
    return Curves(own, random) if own else None


def _of_part(part: Explained, values: np.ndarray, draw: np.random.Generator) -> tuple[dict[Any, Any], dict[Any, Any]]:
    own: dict[tuple[str, str], np.ndarray] = {}
    others: dict[tuple[str, str], np.ndarray] = {}
    for how in HOWS:
        kept = part.kept if how == "removal" else set()
        free = [word for word in range(len(part.words)) if word not in kept]
        if len(free) < FEWEST:  # all orders are alike
            continue
        order = sorted(free, key=lambda word: -values[word])
        orders = [order, *(draw.permutation(free).tolist() for _ in range(RANDOM))]
        found = _scores(part, orders, how)  # (order, kind, share)
        for number, kind in enumerate(KINDS):
            changes = found[:, number] - found[:, number, :1]
            own[kind, how], others[kind, how] = changes[0], changes[1:].mean(0)
    return own, others


def _scores(part: Explained, orders: Sequence[list[int]], how: How) -> np.ndarray:
    """`(order, kind, share)`: the score where so many words of an order are taken out, or put back."""
    variants: list[set[int]] = []
    for order, kind, share in product(orders, KINDS, SHARES):
        count = round(share * len(order))
        variants.append({*(order[:count] if kind == "deletion" else order[count:])})
    distinct = list(dict.fromkeys(map(frozenset, variants)))
    known = dict(zip(distinct, part.scores([set(one) for one in distinct], how), strict=True))
    scores = np.array([known[frozenset(one)] for one in variants])
    return scores.reshape(len(orders), len(KINDS), len(SHARES))


@dataclass(frozen=True)
class Faithfulness:
    """Of several rows: a curve's mean over rows and shares.

    Args:
        rows: that have the curve.
        interval: 95% of the difference, over the rows; None for too few.
        curve, random_curve: mean over rows, `(share,)`.
    """

    kind: str
    how: str
    rows: int
    own: float
    random: float
    difference: float
    interval: tuple[float, float] | None
    own_interval: tuple[float, float] | None
    random_interval: tuple[float, float] | None
    curve: list[float]
    random_curve: list[float]

    @property
    def better(self) -> bool | None:
        """Whether the order of the explanation is better than a random one; None: that can not be told."""
        if self.interval is None:
            return None
        low, high = self.interval
        wanted = (high < 0, low > 0) if self.kind == "deletion" else (low > 0, high < 0)
        return True if wanted[0] else False if wanted[1] else None


def faithfulness(rows: Sequence[Sequence[Curves]]) -> list[Faithfulness]:
    """The figures of all kinds of curves; of those that no row has, none.

    Args:
        rows: the curves of each row's targets, whose mean is the row's.
    """
    found = []
    for key in product(KINDS, HOWS):
        kept = [[one for one in own if key in one.own] for own in rows]
        means = [
            [np.mean([getattr(one, side)[key] for one in own], axis=0) for side in ("own", "random")]
            for own in kept
            if own
        ]
        if not means:
            continue
        curve, random_curve = np.mean(means, axis=0).tolist()  # (share,) each
        areas = np.array(means).mean(-1)  # (row, side)
        own, random = areas.mean(0).tolist()
        difference, *both = (_interval(one) for one in (areas[:, 0] - areas[:, 1], areas[:, 0], areas[:, 1]))
        found.append(
            Faithfulness(*key, len(means), own, random, own - random, difference, both[0], both[1], curve, random_curve)
        )
    return found


def _interval(values: np.ndarray) -> tuple[float, float] | None:
    """95% of the mean, by Student's t: a bootstrap of few rows is too narrow."""
    from scipy import stats

    if len(values) < ROWS:
        return None
    spread = float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return float(values.mean()) - spread, float(values.mean()) + spread
