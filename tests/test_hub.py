"""The hub is found or missed within seconds, through a proxy too."""

from __future__ import annotations

import socket
import time

import pytest

from bertkit import hub


def test_a_resolver_that_hangs_is_not_waited_for(online, monkeypatch):
    monkeypatch.setattr(hub, "PATIENCE", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: time.sleep(30))
    start = time.perf_counter()
    assert not hub.reachable()
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize(
    ("endpoint", "proxies", "host"),
    [
        ("", {}, "huggingface.co"),
        ("https://mirror.example:8443/hub", {}, "mirror.example"),
        ("", {"https": "http://proxy.example:3128"}, "proxy.example"),
        ("", {"https": "proxy.example:3128"}, "proxy.example"),
    ],
)
def test_the_host_that_must_be_reachable(online, monkeypatch, endpoint, proxies, host):
    seen = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, _: seen.append(name))
    monkeypatch.setattr(hub.urllib.request, "getproxies", lambda: proxies)
    if endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
    assert hub.reachable()
    assert seen == [host]


def test_what_the_hub_said_is_at_the_end_of_the_chain():
    import httpx2

    try:
        try:
            raise httpx2.ReadError("peer closed connection")
        except httpx2.ReadError as error:
            raise OSError("something about connections") from error
    except OSError as error:
        said = hub.explain(error, "me/tiny", "model")
    assert said == ("me/tiny: the download was cut off (peer closed connection)", "run the command again", True, False)
    assert hub.explain(ValueError("anything else"), "me/tiny", "model") is None


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(28, "No space left on device"), "no room for it in "),
        ("ProxyError", "the proxy refuses (no)"),
        ("ConnectError", "no connection to https://huggingface.co (no)"),
        ("ReadTimeout", "the download was cut off (no)"),
    ],
)
def test_errors_between_the_hub_and_the_disk(error, what):
    import httpx2

    said = hub.explain(getattr(httpx2, error)("no") if isinstance(error, str) else error, "me/tiny", "model")
    assert said is not None
    assert f"me/tiny: {what}" in said.what
    assert said.passing == isinstance(error, str)
