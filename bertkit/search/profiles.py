"""Profiles: what a user liked, read or bought -> a vector, and the nearest documents that they have not seen.

A profile is the mean of the vectors of a user's documents, each weighted by how long ago that was: half after
`half_life` days. It is the content-based recommender of Pazzani and Billsus (2007): it needs no other users, and can
recommend a document that nobody has seen. The price: a user with two interests gets what lies between them, too.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.errors import DataError, Parameter
from bertkit.metrics import METRICS, intervals
from bertkit.metrics.paired import Difference, Effort, differences
from bertkit.search import exact

Array = NDArray[Any]
DAY = 86_400.0


@dataclass
class History:
    """The documents of a user, the oldest first."""

    items: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    """Seconds; the same for all, where the time is not known."""
    weights: list[float] = field(default_factory=list)


class Pick(NamedTuple):
    """A recommended document."""

    id: str
    cosine: float
    """With the profile."""
    reason: str
    """Of the user's documents the one that speaks most for it."""


@dataclass(frozen=True)
class Catalogue:
    """All documents that can be recommended.

    Args:
        ids: of each document.
        vectors: `(document, size)` with length 1.
    """

    ids: Sequence[str]
    vectors: Array

    @property
    def numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.ids)}


def weights_of(seen: History, half_life: float | None) -> Array:
    """`(item,)`: how much each document of a user counts; against the last one, so the date of today does not matter.

    Args:
        half_life: days; None: time does not matter.
    """
    weights = np.array(seen.weights, dtype=np.float64)
    if half_life is None:
        return weights
    times = np.array(seen.times)
    found: Array = weights * 0.5 ** ((times.max() - times) / (half_life * DAY))
    return found


def recommend(
    catalogue: Catalogue, users: Mapping[str, History], count: int, half_life: float | None
) -> dict[str, list[Pick]]:
    """The `count` nearest documents of each user, without those that they have seen.

    Args:
        users: their documents are all in the catalogue.
    """
    numbers = catalogue.numbers
    found: dict[str, list[Pick]] = {}
    for name, seen in users.items():
        own = [numbers[item] for item in seen.items]
        weights = weights_of(seen, half_life)
        profile = exact.unit(weights @ catalogue.vectors[own])
        hits = exact.top(profile[None], exact.blocks_of(catalogue.vectors), count + len({*own}))
        picks: list[Pick] = []
        for number, cosine in zip(hits.numbers[0].tolist(), hits.scores[0].tolist(), strict=True):
            if number not in own and len(picks) < count:
                shares = weights * (catalogue.vectors[own] @ catalogue.vectors[number])
                picks.append(Pick(catalogue.ids[number], float(cosine), seen.items[int(np.argmax(shares))]))
        found[name] = picks
    return found


def popular(users: Mapping[str, History], count: int) -> dict[str, list[str]]:
    """The `count` documents that most users have seen, of each user without their own; of equal ones the first seen."""
    readers = Counter(item for seen in users.values() for item in dict.fromkeys(seen.items))
    order = [item for item, _ in readers.most_common()]
    found = {}
    for name, seen in users.items():
        own = {*seen.items}
        found[name] = [*itertools.islice((item for item in order if item not in own), count)]
    return found


class HiddenLast(NamedTuple):
    """Whether a user's last document, which was hidden, is among those recommended, for each user with two or more."""

    users: list[str]
    profile: Array
    """`(user,)` bool."""
    popularity: Array
    """`(user,)` bool."""


def leave_last_out(
    catalogue: Catalogue, users: Mapping[str, History], count: int, half_life: float | None
) -> HiddenLast:
    """Hide the last document of each user, and recommend from the others.

    A last document that the user has seen before is left out of its user's past too: else it could not be recommended.
    """
    hidden: dict[str, str] = {}
    rest: dict[str, History] = {}
    for name, seen in users.items():
        last = seen.items[-1]
        kept = [number for number, item in enumerate(seen.items) if item != last]
        if kept:
            hidden[name] = last
            items, times, weights = seen.items, seen.times, seen.weights
            rest[name] = History([items[n] for n in kept], [times[n] for n in kept], [weights[n] for n in kept])
    picks = recommend(catalogue, rest, count, half_life)
    common = popular(rest, count)
    by_profile = np.array([hidden[name] in [pick.id for pick in picks[name]] for name in rest], dtype=bool)
    by_popularity = np.array([hidden[name] in common[name] for name in rest], dtype=bool)
    return HiddenLast([*rest], by_profile, by_popularity)


def hit_rates(found: HiddenLast) -> tuple[dict[str, tuple[float, tuple[float, float]]], Difference]:
    """Side -> share of the users whose last document was found, with its 95% interval; and profile against popularity.

    Raises:
        DataError: no user has two documents.
    """
    if not found.users:
        raise DataError.at(Parameter("evaluate"), "no user has two documents", "name users with more")
    metric, ones = METRICS["accuracy"], np.ones(len(found.users), dtype=np.int64)
    sides = {"profile": found.profile.astype(np.int64), "popularity": found.popularity.astype(np.int64)}
    rates = {name: (float(own.mean()), intervals(metric, own, ones)["accuracy"]) for name, own in sides.items()}
    return rates, differences(metric, sides["popularity"], sides["profile"], ones, Effort())[0]
