"""When a call is tried again, and after which time: without a network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from bertkit.serve.client.retrying import HttpCall, HttpReply, NoReply, Pause, Retrying, asked_for

CALL = HttpCall("/v1/models")


def played(retrying: Retrying, *outcomes: Any) -> tuple[Any, list[float]]:
    """What a call comes to, and its waits, where each try has one of these outcomes."""
    steps, left, waits = retrying.call(CALL), list(outcomes), []
    try:
        step = next(steps)
        while True:
            if isinstance(step, Pause):
                waits.append(step.seconds)
                step = steps.send(None)
            else:
                assert step is CALL
                step = steps.send(left.pop(0))
    except StopIteration as end:
        assert not left
        return end.value, waits


def reply(status: int, **headers: str) -> HttpReply:
    return HttpReply(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


def test_waits_double_up_to_the_most() -> None:
    waits = Retrying(first=1, most=10, draw=lambda: 1.0)
    assert [waits.wait(number) for number in range(1, 7)] == [1, 2, 4, 8, 10, 10]
    assert waits.wait(10**9) == 10


def test_waits_are_drawn_at_random() -> None:
    drawn = {round(Retrying().wait(5), 6) for _ in range(50)}
    assert len(drawn) > 40
    assert 0 <= min(drawn) <= max(drawn) <= 8


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(status: int) -> None:
    found, waits = played(Retrying(draw=lambda: 0.5), reply(status), NoReply("reset"), reply(200))
    assert (found.status, waits) == (200, [0.25, 0.5])


@pytest.mark.parametrize("status", [200, 307, 400, 401, 404, 408, 413, 422])
def test_no_other_reply_is(status: int) -> None:
    found, waits = played(Retrying(), reply(status))
    assert (found.status, waits) == (status, [])


def test_a_bug_of_the_server_would_come_again_but_not_a_500_of_its_proxy() -> None:
    ours = HttpReply(500, {}, b'{"error":{"message":"the server failed"}}')
    assert played(Retrying(), ours) == (ours, [])
    assert played(Retrying(), reply(500), reply(200))[0].status == 200


def test_the_last_outcome_is_handed_on() -> None:
    found, waits = played(Retrying(2), reply(429), reply(503), reply(429))
    assert (found.status, len(waits)) == (429, 2)
    assert played(Retrying(0), NoReply("refused"))[0] == NoReply("refused")
    assert played(Retrying(), NoReply("no such certificate", again=False))[1] == []


def test_the_server_says_how_long() -> None:
    _, waits = played(Retrying(draw=lambda: 0.0), reply(429, retry_after="7"), reply(200))
    assert waits == [7]
    _, waits = played(Retrying(draw=lambda: 1.0), reply(429, retry_after="7"), reply(200))
    assert waits == [7.5]
    _, waits = played(Retrying(most=30, draw=lambda: 0.0), reply(429, retry_after="86400"), reply(200))
    assert waits == [30]


@pytest.mark.parametrize(
    ("header", "seconds"), [("3", 3), ("0.5", 0.5), ("-2", 0), ("soon", None), ("nan", None), (None, None)]
)
def test_what_the_header_means(header: str | None, seconds: float | None) -> None:
    assert asked_for(header) == seconds


def test_the_header_may_be_a_date() -> None:
    assert asked_for(format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)) == pytest.approx(
        20, abs=2
    )
    assert asked_for("Wed, 21 Oct 2015 07:28:00 GMT") == 0
