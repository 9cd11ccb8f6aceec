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
SAMPLES = 2000
"""Of the bootstrap over rows."""
FEWEST = 2
"""Words that a curve needs."""


@dataclass(frozen=True)
class Curves:
    """The curves of one target: `(share,)` changes of the score, by `(kind, how)`.

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
    each = [
        _of_part(part, values, draw)
        for part, values in zip(parts, attributions, strict=True)
        if len(part.words) >= FEWEST
    ]
    if not each:
        return None
    sums = [{key: sum(one[side][key] for one in each) for key in each[0][side]} for side in (0, 1)]
    return Curves(*sums)


def _of_part(part: Explained, values: np.ndarray, draw: np.random.Generator) -> tuple[dict[Any, Any], dict[Any, Any]]:
    own: dict[tuple[str, str], np.ndarray] = {}
    others: dict[tuple[str, str], np.ndarray] = {}
    for how in HOWS:
        kept = part.kept if how == "removal" else set()
        free = [word for word in range(len(part.words)) if word not in kept]
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
        interval: 95% of the difference, by a bootstrap over rows; None for a single row.
        curve, random_curve: mean over rows, `(share,)`.
    """

    kind: str
    how: str
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


def faithfulness(rows: Sequence[Sequence[Curves]], seed: int) -> list[Faithfulness]:
    """The figures of all kinds of curves.

    Args:
        rows: the curves of each row's targets, whose mean is the row's.
        seed: of the bootstrap.
    """
    rows = [own for own in rows if own]
    if not rows:
        return []
    found = []
    for key in rows[0][0].own:
        sides = [np.array([np.mean([getattr(one, side)[key] for one in own], axis=0) for own in rows])
                 for side in ("own", "random")]  # fmt: skip  # (row, share) each
        areas = [side.mean(1) for side in sides]  # (row,) each
        own, random = (float(area.mean()) for area in areas)
        interval, own_interval, random_interval = (_interval(one, seed) for one in (areas[0] - areas[1], *areas))
        curve, random_curve = (side.mean(0).tolist() for side in sides)
        found.append(
            Faithfulness(*key, own, random, own - random, interval, own_interval, random_interval, curve, random_curve)
        )
    return found


def _interval(values: np.ndarray, seed: int) -> tuple[float, float] | None:
    """95% of the mean, by a bootstrap."""
    if len(values) < 2:
        return None
    drawn = np.random.default_rng(seed).integers(len(values), size=(SAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(1), (0.025, 0.975))
    return float(low), float(high)
