"""Batcher: examples of many requests -> batches for a model. It needs asyncio alone.

- A batch holds examples of one model, of similar length, up to a number of tokens. Of what waits a worker takes one
  share, for as many workers as there are, free or not. So something waits when the next one is free: it would be idle
  until those that were answered ask again.
- Requests share the model fairly: each example has a start tag, and the lowest one is computed next (start-time fair
  queueing, Goyal et al. 1996). So one text that comes after a thousand waits for one batch, not for all of them.
- A request that has waited for some time goes before all others, the one with the least time left first.
- A lone request is computed at once. Where the last batch was of several requests, the next one waits while more come.
- The queue is bounded by tokens. A request that does not fit, or would wait longer than its time, is refused before
  anything is computed (`Full`).
- A batch that fails is halved until the request that makes it fail is alone; the others get their answers.
- A request that is cancelled leaves the queue at once.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from bertkit.serve.lane import Closing, Full, Lane, Late, Load, TooMuch
from bertkit.serve.picking import QueuedExample, QueuedRequest, batch_of, fail, first_of, give, halves
from bertkit.serve.speed import PaceOfBatches

LINGER = 0.01
"""Seconds without a new request after which a batch that waits for others begins."""
SHARE = 0.25
"""Of the time of the last batch, that it waits at most."""
SMALL = 0.5
"""Of the tokens that are not divided: so few are not left for another batch, and with no more a further worker of a
shared machine waits."""
CARE = 1.5
"""A request is refused where this many times the time that it is expected to take is more than it has."""


@dataclass
class Batcher:
    """A queue before as many workers as its models take. Create it in the event loop that uses it, and `close` it.

    Args:
        most: tokens that wait at most.
        patience: seconds after which a request goes before all others.
    """

    most: int = 65536
    patience: float = math.inf
    linger: float = LINGER
    load: Load = field(default_factory=Load)

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[Lane, list[QueuedExample]] = {}
        self._sizes: Counter[Lane] = Counter()  # tokens that wait
        self._running: dict[int, tuple[Lane, int]] = {}  # worker -> model and tokens
        self._paces: WeakKeyDictionary[Lane, PaceOfBatches] = WeakKeyDictionary()  # a model may be replaced
        self._tag = 0.0  # of the example that was taken last
        self._together = 1  # requests in the last batch
        self._last = 0.0  # seconds that it took
        self._closing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._arrived: list[asyncio.Event] = []  # for each worker: something waits that it may take
        self._tasks: list[asyncio.Task[None]] = []

    # --- requests -----------------------------------------------------------------------------------------------------

    async def answer(
        self, lane: Lane, examples: Sequence[Any], tokens: Sequence[int], *, timeout: float | None = None
    ) -> list[Any]:
        """The result of each example, in order.

        Args:
            tokens: of each example.
            timeout: seconds until the result is worth nothing.

        Raises:
            Full, Closing, TooMuch: it was not taken.
            Late: the time is over; what waited is taken out of the queue.
            any exception of `compute`, if one of the examples makes it fail when it is alone.
        """
        if not examples:
            return []
        self._admit(lane, sum(tokens), timeout)
        count = len(examples)
        now = self._loop.time()
        deadline = math.inf if timeout is None else now + timeout
        request = QueuedRequest(self._loop.create_future(), [None] * count, count, count, deadline, now + self.patience)
        tag = self._tag
        line = self._waiting.setdefault(lane, [])
        for place, (example, size) in enumerate(zip(examples, tokens, strict=True)):
            line.append(QueuedExample(request, place, example, size, tag))
            tag += size
        self.load.waiting += sum(tokens)
        self._sizes[lane] += sum(tokens)
        self._idle.clear()
        while len(self._tasks) < lane.workers:
            self._arrived.append(asyncio.Event())
            self._tasks.append(self._loop.create_task(self._work(len(self._tasks))))
        self._call()
        try:
            async with asyncio.timeout(timeout):
                return await request.future
        except TimeoutError:
            raise Late from None
        finally:
            request.left = 0
            if request.queued:
                self._leave(lane, request)

    def _admit(self, lane: Lane, tokens: int, timeout: float | None) -> None:
        if self._closing:
            raise Closing
        if tokens > self.most:
            raise TooMuch
        if self.load.waiting + tokens > self.most:  # cheap, as a flood of requests ends here
            raise Full(max(1.0, self._before(math.inf)))
        own = max(self._expected(lane, tokens), lane.workers * self._expected(lane, min(tokens, lane.least)))
        wait = own + self._before(self._tag + tokens)
        if timeout is not None and CARE * wait > timeout:
            raise Full(max(1.0, wait))

    def _before(self, tag: float) -> float:
        """Seconds until a request is computed whose last example has a tag."""
        now = self._loop.time()
        running = sum(self._expected(lane, tokens) for lane, tokens in self._running.values())
        waiting = sum(
            self._expected(lane, sum(one.tokens for one in line if one.tag <= tag or one.request.urgent <= now))
            for lane, line in self._waiting.items()
        )
        return running + waiting

    def _expected(self, lane: Lane, tokens: int) -> float:
        """Seconds, if all its workers compute; 0 for a model that has computed nothing yet."""
        pace = self._paces.get(lane)
        return pace.seconds(tokens, lane.room) if pace else 0.0

    def _leave(self, lane: Lane, request: QueuedRequest) -> None:
        self._take(lane, [one for one in self._waiting[lane] if one.request is request])
        self._rest()

    def _take(self, lane: Lane, some: list[QueuedExample]) -> None:
        """Take examples out of the queue."""
        taken = {id(one) for one in some}
        left = [one for one in self._waiting[lane] if id(one) not in taken]
        for one in some:
            one.request.queued -= 1
        tokens = sum(one.tokens for one in some)
        self.load.waiting -= tokens
        self._sizes[lane] -= tokens
        if left:
            self._waiting[lane] = left
        else:
            del self._waiting[lane], self._sizes[lane]
        self._call()

    def _rest(self) -> None:
        if not self._waiting and not self.load.running:
            self._idle.set()

    # --- workers ------------------------------------------------------------------------------------------------------

    def _call(self) -> None:
        """Tell each worker whether something waits for it."""
        for worker, arrived in enumerate(self._arrived):
            arrived.set() if self._for(worker) else arrived.clear()

    def _for(self, worker: int) -> dict[Lane, list[QueuedExample]]:
        """What waits that a worker should take. A further worker leaves what those before it can take, and on a shared
        machine what is too little for a batch beside another."""
        idle = sum(number not in self._running for number in range(worker))

        def is_enough(lane: Lane) -> bool:
            least = idle + SMALL if lane.shares and worker else idle
            return worker < lane.workers and self._sizes[lane] > least * lane.least

        return {lane: line for lane, line in self._waiting.items() if is_enough(lane)}

    async def _work(self, worker: int) -> None:
        while True:
            await self._arrived[worker].wait()
            await self._others()
            if not (lines := self._for(worker)):  # cancelled, or taken by another worker
                continue
            lane, batch = self._next(lines)
            tokens = sum(one.tokens for one in batch)
            self.load.running += tokens
            self._running[worker] = (lane, tokens)
            self._call()
            at_once = self._at_once(lane)
            start = self._loop.time()
            try:
                await self._compute(worker, lane, batch, at_once)
            finally:
                self.load.running -= tokens
                del self._running[worker]
                self._call()
                parts = at_once if lane.shares else lane.workers
                self._count(lane, len(batch), tokens, self._loop.time() - start, parts)
                self._rest()
            del lane, batch, lines  # a model that was replaced meanwhile leaves memory

    def _at_once(self, lane: Lane) -> int:
        """Batches that run now, and those of this model for which other workers are called."""
        called = sum(number not in self._running and bool(self._for(number)) for number in range(lane.workers))
        return min(lane.workers, len(self._running) + called)

    async def _others(self) -> None:
        """Under load, wait while more keep coming: those that were answered just now ask again."""
        if self._together == 1:
            return
        end = self._loop.time() + SHARE * self._last
        while (now := self._loop.time()) < end:
            before = self.load.waiting
            if any(self._sizes[lane] >= lane.least for lane in self._waiting):
                return
            await asyncio.sleep(min(self.linger, end - now))
            if self.load.waiting <= before:
                return

    def _next(self, lines: dict[Lane, list[QueuedExample]]) -> tuple[Lane, list[QueuedExample]]:
        """The next batch: with the example that comes first, and a share of what waits for that model, but no rest that
        is too little for a batch."""
        lane, first = first_of(lines, self._loop.time())
        self._tag = max(self._tag, first.tag)
        waiting = self._sizes[lane]
        share = max(math.ceil(waiting / lane.workers), lane.least)
        if waiting - share <= SMALL * lane.least:
            share = waiting
        batch = batch_of(lines[lane], first, min(lane.room, share), pads=lane.pads)
        self._take(lane, batch)
        self._together = len({id(one.request) for one in batch})
        return lane, batch

    async def _compute(self, worker: int, lane: Lane, batch: list[QueuedExample], at_once: int) -> None:
        batch = [one for one in batch if one.request.left]  # another half of its request may have failed
        if not batch:
            return
        try:
            results = await lane.compute(worker, [one.example for one in batch], at_once)
            self.load.failures = 0
        except Exception as error:
            self.load.failures += 1
            if len({id(one.request) for one in batch}) == 1:
                fail(batch[0].request, error)
                return
            for half in halves(batch):
                await self._compute(worker, lane, half, at_once)
            return
        for one, result in zip(batch, results, strict=True):
            give(one, result)

    def _count(self, lane: Lane, examples: int, tokens: int, seconds: float, parts: int) -> None:
        """Args: parts: of all that computes, of which the batch had one."""
        load = self.load
        load.batches, load.examples, load.tokens = load.batches + 1, load.examples + examples, load.tokens + tokens
        load.seconds += seconds
        self._last = seconds
        self._paces.setdefault(lane, PaceOfBatches()).add(tokens, seconds / parts)

    # --- end ----------------------------------------------------------------------------------------------------------

    def refuse(self) -> None:
        """Take no more requests; those that wait are answered."""
        self._closing = True

    async def close(self) -> None:
        """Take no more requests, answer those that wait, and stop."""
        self.refuse()
        await self._idle.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
