"""Relevance feedback: a query's vector moves towards documents that were liked and away from others (Rocchio 1971)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertkit.errors import DataError, Parameter
from bertkit.search.exact import unit

Array = NDArray[Any]


@dataclass(frozen=True)
class Rocchio:
    """`query * q + liked * mean(liked vectors) - disliked * mean(disliked vectors)`.

    The defaults are those of Manning, Raghavan and Schütze (2008, section 9.1.1).
    """

    query: float = 1.0
    liked: float = 0.75
    disliked: float = 0.15

    def check(self) -> None:
        """Raise a DataError for weights below 0, or none above it."""
        own = (self.query, self.liked, self.disliked)
        if not all(0 <= weight < math.inf for weight in own) or not self.query + self.liked > 0:
            what = f"{self.query:g},{self.liked:g},{self.disliked:g}: expected three weights from 0 on"
            raise DataError.at(Parameter("weights"), what, "the usual ones are 1,0.75,0.15")

    def moved(self, query: Array, liked: Array, disliked: Array) -> Array:
        """`(size,)` with length 1.

        Args:
            query: `(size,)`.
            liked, disliked: `(document, size)`, of length 1; there may be none.
        """
        found = self.query * query
        for weight, vectors in ((self.liked, liked), (-self.disliked, disliked)):
            if len(vectors):
                found = found + weight * vectors.mean(axis=0)
        return unit(np.asarray(found))
