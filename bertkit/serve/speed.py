"""How long a model takes for tokens: a fixed time for each batch, and a time for each token, measured as it runs."""

from __future__ import annotations

KEEP = 0.95
"""Share of the past in the sums, at each batch: about the last twenty count."""
SPREAD = 0.1
"""Batches whose sizes differ by less than this share of their mean do not tell the two times apart: then all of it
counts for the batch. A guess that is too low accepts a request that may be late; one too high would refuse large ones
for ever, and never learn."""


class PaceOfBatches:
    """Least squares of seconds over tokens, recent batches first."""

    def __init__(self) -> None:
        self._begun = False
        self._count = self._tokens = self._seconds = self._squares = self._products = 0.0

    def add(self, tokens: int, seconds: float) -> None:
        """Learn from a batch. The first one is left out: it warms up."""
        self._begun, warm = True, self._begun
        if not warm:
            return
        self._count = KEEP * self._count + 1
        self._tokens = KEEP * self._tokens + tokens
        self._seconds = KEEP * self._seconds + seconds
        self._squares = KEEP * self._squares + tokens * tokens
        self._products = KEEP * self._products + tokens * seconds

    def seconds(self, tokens: float, room: int) -> float:
        """For so many tokens, in batches of `room`; 0 before the second batch."""
        if not self._count:
            return 0.0
        start, each = self._times()
        return each * tokens + start * max(1.0, tokens / room) if tokens else 0.0

    def _times(self) -> tuple[float, float]:
        """Seconds of a batch without tokens, and of a token."""
        mean, time = self._tokens / self._count, self._seconds / self._count
        variance = self._squares / self._count - mean * mean
        if variance > (SPREAD * mean) ** 2:
            each = (self._products / self._count - mean * time) / variance
            if each > 0:
                each = min(each, time / mean)
                return time - each * mean, each
        return time, 0.0
