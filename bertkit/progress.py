"""How far long work is: lines in a log, each with the rate and, where the total is known, the time left.

A command may show a bar on a terminal instead (commands/shared/console.py).
"""

from __future__ import annotations

import logging
import time

log = logging.getLogger("bertkit")

SECONDS = 10.0
"""Between two lines, and before the first: shorter work is not reported."""


class Pace:
    """Counts what is done and logs it every `SECONDS`: `reading a.csv: 120,000 rows, 11,900 rows/s`."""

    def __init__(self, label: str, total: int | None = None, *, unit: str = "rows"):
        self.label, self.total, self.unit = label, total, unit
        self.done = self.tokens = 0
        self._before = 0
        self._start = self._last = time.perf_counter()

    def step(self, count: int = 1) -> None:
        """Count what was done since the last call."""
        self.done += count
        self._log()

    def at(self, done: int, tokens: int = 0) -> None:
        """Set what is done, and how many tokens that took."""
        self.count(done, tokens)
        self._log()

    def count(self, done: int, tokens: int = 0) -> None:
        """As `at`, and log nothing."""
        self.done, self.tokens = done, tokens

    def begin(self, done: int) -> None:
        """Set what was done before the work goes on."""
        self.done = self._before = done

    def _log(self) -> None:
        now = time.perf_counter()
        if now - self._last >= SECONDS:
            self._last = now
            log.info("%s: %s", self.label, self.text)

    @property
    def text(self) -> str:
        """How much is done, and `rates`."""
        of = "" if self.total is None else f" of {self.total:,}"
        return f"{self.done:,}{of} {self.unit}, {self.rates}"

    @property
    def rates(self) -> str:
        """`250 rows/s, 5,100 tokens/s, 1:05 left`."""
        seconds = max(time.perf_counter() - self._start, 1e-9)
        rate = (self.done - self._before) / seconds
        parts = [per_second(rate, self.unit)]
        if self.tokens:
            parts.append(per_second(self.tokens / seconds, "tokens"))
        if self.total is not None:
            parts.append(f"{clock((self.total - self.done) / rate) if rate else '?'} left")
        return ", ".join(parts)


def per_second(rate: float, unit: str) -> str:
    """`250 rows/s`; where it is slow `0.31 rows/s`, so that it is never 0."""
    return f"{rate:,.0f} {unit}/s" if rate >= 10 else f"{rate:.2g} {unit}/s"


def clock(seconds: float) -> str:
    """`1:05`, or `2:00:00`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
