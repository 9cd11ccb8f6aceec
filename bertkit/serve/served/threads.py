"""Threads of a server, and the end of what runs in them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from bertkit.serve.lane import Full, Late

Finished = TypeVar("Finished")
TEXTS, SEARCHES = 2, 8
"""Threads that tokenise and decode, and threads for what asks a model several times."""


WAITING = 256
"""Pieces of work that wait for a thread at most."""


class Deadline:
    """The end of a request that asks a model several times.

    Args:
        seconds: until then; None: it has all time.
    """

    def __init__(self, seconds: float | None):
        self.seconds = seconds
        self._end = math.inf if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """Seconds, None for no end. Raises Late where there are none."""
        if self._end <= time.monotonic():
            raise Late
        return None if self.seconds is None else self._end - time.monotonic()

    def give_up(self) -> None:
        """Nobody waits any more."""
        self._end = 0.0


class Threads:
    """Threads of a server: one for each batch that is computed at once, those that work on texts, and those that
    search."""

    def __init__(self) -> None:
        self._processor = 0
        self._workers: list[ThreadPoolExecutor] = []
        self.texts = ThreadPoolExecutor(TEXTS, "texts")
        self.searches = ThreadPoolExecutor(SEARCHES, "searches")

    def begin_with(self, count: int) -> int:
        """Threads that compute on the processor, of all batches: those of the first model that is opened. Later a new
        thread begins with as few as a worker has."""
        self._processor = self._processor or count
        return self._processor

    def worker(self, number: int) -> ThreadPoolExecutor:
        """The thread of a worker of the batcher."""
        while len(self._workers) <= number:
            self._workers.append(ThreadPoolExecutor(1, f"worker-{len(self._workers)}"))
        return self._workers[number]

    async def work_on_texts(self, work: Callable[..., Finished], *arguments: Any) -> Finished:
        """Raises Full where too much waits for the threads."""
        if self.texts._work_queue.qsize() > WAITING:
            raise Full(1.0)
        return await self.finish(work, *arguments)

    async def finish(self, work: Callable[..., Finished], *arguments: Any) -> Finished:
        """Work on texts however much waits: what is computed already is not thrown away."""
        return await asyncio.get_running_loop().run_in_executor(self.texts, work, *arguments)

    async def search(self, work: Callable[[], Finished], deadline: Deadline) -> Finished:
        """Run work that asks models several times. It ends at the first batch after the deadline, or once nobody waits.

        Raises:
            Full: too much waits for the threads.
            Late: the deadline.
        """
        if self.searches._work_queue.qsize() > WAITING:
            raise Full(1.0)
        try:
            async with asyncio.timeout(deadline.seconds):
                return await asyncio.get_running_loop().run_in_executor(self.searches, work)
        except TimeoutError:
            raise Late from None
        finally:
            deadline.give_up()

    def close(self) -> None:
        for pool in (*self._workers, self.texts, self.searches):
            pool.shutdown(wait=False, cancel_futures=True)


def in_thread(pool: ThreadPoolExecutor, work: Any, *arguments: Any, **named: Any) -> asyncio.Future[Any]:
    """Run work in a thread of a pool."""
    return asyncio.get_running_loop().run_in_executor(pool, partial(work, *arguments, **named))


async def in_new_thread(work: Any, *arguments: Any) -> Any:
    """Run work in a thread that ends with it, and the threads with it that torch has made for it: those of a model that
    was opened would count as busy ones."""
    pool = ThreadPoolExecutor(1, "opening")
    try:
        return await in_thread(pool, work, *arguments)
    finally:
        pool.shutdown(wait=False)
