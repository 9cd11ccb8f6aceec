"""The server as its own client: its address, its key, and refusals."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from bertkit.errors import RunError
from bertkit.serve.keys import Keys
from bertkit.serve.served.asking import asking

ANSWER = {"answers": [{"columns": {"predicted_label": "refund"}}]}


def asked(monkeypatch: pytest.MonkeyPatch, replies: list[httpx.Response], name: Any, *, tls: bool = False) -> Any:
    """The answers to a row, or the error; the requests that were sent; and whether the key is valid afterwards."""
    sent: list[httpx.Request] = []
    service: Any = SimpleNamespace(keys=Keys({}))

    def reply(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return replies[len(sent) - 1]

    monkeypatch.setattr(httpx, "AsyncHTTPTransport", lambda **_: httpx.MockTransport(reply))
    own: Any = SimpleNamespace(family=2, getsockname=lambda: name)

    async def story() -> Any:
        async with asking(service, own, tls=tls) as ask:
            return await ask("mine", [{"text": "a"}])

    return lambda: asyncio.run(story()), sent, service


@pytest.mark.parametrize(
    ("name", "tls", "address"),
    [
        (("127.0.0.1", 8000), False, "http://127.0.0.1:8000"),
        (("0.0.0.0", 80), True, "https://127.0.0.1:80"),
        (("::", 8000, 0, 0), False, "http://[::1]:8000"),
        (("fe80::1", 8000, 0, 0), False, "http://[fe80::1]:8000"),
    ],
)
def test_it_asks_its_own_address(monkeypatch: pytest.MonkeyPatch, name: Any, tls: bool, address: str) -> None:
    run, sent, service = asked(monkeypatch, [httpx.Response(200, json=ANSWER)], name, tls=tls)
    assert run() == [{"predicted_label": "refund"}]
    assert sent[0].url == httpx.URL(f"{address}/v1/predict/mine")
    assert sent[0].headers["authorization"].startswith("Bearer ")
    assert not service.keys.guests  # the key is valid within alone


def test_it_waits_where_the_queue_is_full_and_tells_other_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    full = httpx.Response(429, headers={"Retry-After": "0"})
    run, sent, _ = asked(monkeypatch, [full, full, httpx.Response(200, json=ANSWER)], ("127.0.0.1", 1))
    assert run() == [{"predicted_label": "refund"}]
    assert len(sent) == 3
    run, _, _ = asked(monkeypatch, [httpx.Response(503, text="stopping")], ("127.0.0.1", 1))
    with pytest.raises(RunError, match="the server answers its own rows with 503: stopping"):
        run()
