"""Which of the waiting examples make the next batch, and what becomes of their requests."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from bertkit.serve.picking import QueuedExample, QueuedRequest, batch_of, fail, first_of, give, halves


def request(
    future: Any = None, *, left: int = 1, deadline: float = math.inf, urgent: float = math.inf
) -> QueuedRequest:
    return QueuedRequest(future, [None] * left, left, left, deadline, urgent)


def waiting(tokens: int, tag: float = 0.0, own: QueuedRequest | None = None, place: int = 0) -> QueuedExample:
    return QueuedExample(own or request(), place, f"{tokens} tokens", tokens, tag)


def sizes(*tokens: int, room: int, pads: bool = False) -> list[int]:
    """Tokens of the batch that is made around the first of these."""
    line = [waiting(n, tag) for tag, n in enumerate(tokens)]
    return [one.tokens for one in batch_of(line, line[0], room, pads=pads)]


def test_like_lengths_come_together() -> None:
    assert sizes(10, 100, 11, 90, 9, room=40) == [10, 11, 9]
    assert sizes(100, 10, 11, 90, 9, room=40) == [100], "one that is larger than the room is alone"


def test_padding_counts_and_is_limited() -> None:
    assert sizes(10, 10, 12, room=34) == [10, 10, 12]
    assert sizes(10, 10, 12, room=34, pads=True) == [10, 10]
    assert sizes(2, 2, 40, room=1000, pads=True) == [2, 2], "120 places for 44 tokens"


def test_the_urgent_go_first_the_one_with_the_least_time_before_all() -> None:
    lines: Any = {
        "early": [waiting(1, tag=0.0), waiting(1, tag=5.0)],
        "late": [waiting(1, 9.0, request(deadline=30, urgent=10)), waiting(1, 8.0, request(deadline=20, urgent=10))],
    }
    assert (first_of(lines, 9)[0], first_of(lines, 9)[1].tag) == ("early", 0.0)
    assert (first_of(lines, 10)[0], first_of(lines, 10)[1].tag) == ("late", 8.0)


def test_halves_divide_no_request() -> None:
    one, two, three = (request(left=2) for _ in range(3))
    batch = [waiting(1, own=own, place=place) for place in range(2) for own in (one, two, three)]
    parts = halves(batch)
    assert sorted(map(len, parts)) == [2, 4]
    owners = [{id(each.request) for each in part} for part in parts]
    assert owners[0].isdisjoint(owners[1])


def test_a_request_is_answered_by_its_last_result_or_its_failure() -> None:
    async def story() -> None:
        future = asyncio.get_running_loop().create_future()
        own = request(future, left=2)
        give(waiting(1, own=own, place=1), "b")
        assert not future.done()
        give(waiting(1, own=own, place=0), "a")
        assert future.result() == ["a", "b"]
        fail(own, ValueError())  # it has its answer
        other = request(asyncio.get_running_loop().create_future())
        fail(other, ValueError("poison"))
        give(waiting(1, own=other), "too late")
        with pytest.raises(ValueError, match="poison"):
            other.future.result()

    asyncio.run(story())
