"""How replies are read: refusals, redirects, and servers that are not bertkit's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from bertkit.errors import ServerError
from bertkit.serve.client.questions import Questions, Replies, SameModel
from bertkit.serve.client.retrying import HttpCall, HttpReply, NoReply, Retrying

URL = "http://host:1"


@dataclass(frozen=True)
class Answering(Retrying):
    """What a server says to every call."""

    outcome: Any = None

    def call(self, call: HttpCall) -> Any:
        yield from ()
        return self.outcome


def read(outcome: Any) -> Any:
    steps = Questions(URL, Answering(outcome=outcome)).json(HttpCall("/v1/models"))
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        return stop.value


def reply(status: int, body: Any, **headers: str) -> HttpReply:
    return HttpReply(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_a_reply_is_its_json() -> None:
    assert read(reply(200, {"models": []})) == {"models": []}


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (NoReply("refused"), "no answer from this address: refused"),
        (reply(302, b"", location="http://other"), "leads elsewhere to http://other"),
        (reply(401, {"error": {"message": "a key is needed"}}), "the key is missing or wrong"),
        (reply(404, {"error": {"message": "no model mine"}}), "no model mine"),
        (reply(503, b"<html>"), "the server can not answer now"),
        (reply(500, b"<html>"), "it replies with status 500"),
        (reply(200, [1]), "its reply is no JSON object"),
    ],
)
def test_replies_that_are_none(outcome: Any, message: str) -> None:
    with pytest.raises(ServerError, match=message) as caught:
        read(outcome)
    assert caught.value.status == (outcome.status if isinstance(outcome, HttpReply) and outcome.status != 200 else None)


def test_another_model_than_before() -> None:
    same = SameModel(URL)
    assert same.taken(Replies(["a", "a"], [1, 2])) == [1, 2]
    with pytest.raises(ServerError, match="its model has changed, from a to b"):
        same.taken(Replies(["a", "b"], [3, 4]))
