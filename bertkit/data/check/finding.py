"""One kind of finding: how many, and the first places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bertkit.data.read.rows import some

SHOWN = 3
"""Number of places shown for each finding."""


@dataclass(frozen=True)
class Finding:
    """How many, and the first places."""

    count: int = 0
    places: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.count:,} ({some(list(self.places), self.count)})" if self.count else "0"


def finding(places: Sequence[str]) -> Finding:
    return Finding(len(places), tuple(places[:SHOWN]))
