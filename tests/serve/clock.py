"""An event loop whose time passes only while all wait: a test of seconds takes none."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Clock(asyncio.SelectorEventLoop):
    """Where nothing is ready, its time jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:
            self._now = max(self._now, self._scheduled[0]._when)
        super()._run_once()


def play(story: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine by this clock."""
    with asyncio.Runner(loop_factory=Clock) as runner:
        return runner.run(story)
