"""Addresses, keys and errors of the network, as both clients know them."""

from __future__ import annotations

import httpx
import pytest

from bertkit.errors import ServerError
from bertkit.serve.client.connecting import CONNECT, VARIABLE, no_reply, reply_of, request_of, settings
from bertkit.serve.client.retrying import HttpCall


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://host", "http://", "http://[::1", "runs/mine"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ServerError, match="name it as http://HOST:PORT"):
        settings(url, None, 5.0)


def test_a_key_of_the_caller_or_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Authorization" not in settings("http://host:1/", None, 5.0)["headers"]
    monkeypatch.setenv(VARIABLE, " from-the-environment\n")
    assert settings("http://host:1", None, 5.0)["headers"]["Authorization"] == "Bearer from-the-environment"
    assert settings("http://host:1", "mine", 5.0)["headers"]["Authorization"] == "Bearer mine"
    assert "Authorization" not in settings("http://host:1", "", 5.0)["headers"]
    with pytest.raises(ServerError, match="the key has characters"):
        settings("http://host:1", "schlüssel", 5.0)


def test_a_connection_takes_no_longer_than_an_answer() -> None:
    assert settings("http://host:1", None, 3.0)["timeout"] == httpx.Timeout(3.0, connect=3.0)
    assert settings("http://host:1", None, 60.0)["timeout"].connect == CONNECT


def test_calls_and_replies() -> None:
    assert request_of(HttpCall("/v1/models")) == {"method": "GET", "url": "/v1/models"}
    found = request_of(HttpCall("/v1/predict/a", {"rows": ["北京", float("nan")]}))
    assert found == {"method": "POST", "url": "/v1/predict/a", "content": '{"rows":["北京",null]}'.encode()}
    with pytest.raises(ServerError, match="can not be sent as JSON"):
        request_of(HttpCall("/", {"rows": [object()]}))
    reply = reply_of(httpx.Response(429, headers={"Retry-After": "2"}, content=b"{}"))
    assert (reply.status, reply.headers["retry-after"], reply.content) == (429, "2", b"{}")


@pytest.mark.parametrize(
    ("error", "again", "reason"),
    [
        (httpx.ConnectError("refused"), True, "refused"),
        (httpx.RemoteProtocolError("closed"), True, "closed"),
        (httpx.ReadTimeout(""), None, "it did not answer in time"),
        (httpx.ConnectError("CERTIFICATE_VERIFY_FAILED"), False, "its certificate is not trusted"),
        (httpx.UnsupportedProtocol("gopher"), False, "gopher"),
    ],
)
def test_what_errors_of_the_network_mean(error: httpx.HTTPError, again: bool | None, reason: str) -> None:
    found = no_reply(error)
    assert found.reason == reason
    assert again is None or found.again == again
