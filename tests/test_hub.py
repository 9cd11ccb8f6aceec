"""The hub is found or missed within seconds, through a proxy too."""

from __future__ import annotations

import socket
import time

import pytest

from bertkit import hub


def test_a_resolver_that_hangs_is_not_waited_for(online, monkeypatch):
    monkeypatch.setattr(hub, "PATIENCE", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: time.sleep(1))
    start = time.perf_counter()
    assert not hub.reachable()
    assert time.perf_counter() - start < 0.9


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
