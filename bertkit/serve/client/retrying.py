"""When a call is tried again, and how long to wait before.

A request only asks, so it may be sent twice. What is worth another try: a server that is busy (429), starting or
stopping (503), or that its proxy can not reach (502, 504; Ray Serve says 500 where a replica has died), and a
connection that breaks. No other refusal is, as it would come again; a 500 of bertkit itself is a bug, which would, too.
Waits double and are drawn at random below their limit ("full jitter", Brooker 2015), so that clients that were refused
together do not come back together.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

T = TypeVar("T")

BUSY = (429, 502, 503, 504)
"""Statuses that are tried again."""
OURS = b'{"error":'
"""How a refusal of bertkit begins."""


@dataclass(frozen=True)
class HttpCall:
    """A request to send.

    Args:
        body: sent as JSON; None: a GET.
    """

    path: str
    body: dict[str, Any] | None = None


@dataclass(frozen=True)
class Pause:
    """Seconds to wait."""

    seconds: float


@dataclass(frozen=True)
class HttpReply:
    """Args: headers: names in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes


@dataclass(frozen=True)
class NoReply:
    """A call that broke.

    Args:
        again: whether another try may help.
        remedy: what to do, if it is not to start the server.
    """

    reason: str
    again: bool = True
    remedy: str = ""


Steps = Generator[HttpCall | Pause, HttpReply | NoReply | None, T]
"""Work that needs a network, without it: it yields what to do, and is sent what came of it."""


@dataclass(frozen=True)
class Retrying:
    """How often, and after which time.

    Args:
        retries: tries after the first one.
        first: seconds, at most, before the second try; twice that before the third, and so on.
        most: seconds of any wait; also of one that the server asks for, which may be wrong.
        draw: a number from 0 to 1.
    """

    retries: int = 6
    first: float = 0.5
    most: float = 30.0
    draw: Callable[[], float] = random.random

    def wait(self, number: int, asked: float | None = None) -> float:
        """Seconds before try `number`, the first one again being 1.

        Args:
            asked: by the server (`Retry-After`); the wait is that long at least, and a little longer at random.
        """
        drawn = self.draw() * min(self.most, self.first * 2 ** min(number - 1, 60))
        return drawn if asked is None else min(self.most, asked) + min(drawn, self.first)

    def call(self, call: HttpCall) -> Steps[HttpReply | NoReply]:
        """The reply to a call, after as many tries as it takes."""
        number = 0
        while True:
            outcome = yield call
            assert outcome is not None
            number += 1
            asked = None
            if isinstance(outcome, HttpReply):
                if not _is_busy(outcome):
                    return outcome
                asked = asked_for(outcome.headers.get("retry-after"))
            elif not outcome.again:
                return outcome
            if number > self.retries:
                return outcome
            yield Pause(self.wait(number, asked))


def _is_busy(reply: HttpReply) -> bool:
    return reply.status in BUSY or (reply.status == 500 and not reply.content.startswith(OURS))


def asked_for(header: str | None) -> float | None:
    """Seconds that `Retry-After` names, as a number or as a date; None: it names none."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            at = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
