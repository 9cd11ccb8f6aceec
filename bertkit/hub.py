"""The hub, or its absence: told within seconds, where the libraries try for up to 47 s before they give up."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 3.0
"""Seconds to wait for the hub's address."""


def reachable() -> bool:
    """Whether the hub may be asked and, as far as can be told within `PATIENCE`, answers to its name."""
    return not asked_offline() and _has_address(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))


@functools.cache
def _has_address(endpoint: str) -> bool:
    """Whether the hub, or the proxy on the way to it, has an address."""
    proxy = urllib.request.getproxies().get(urlsplit(endpoint).scheme, "")
    host = urlsplit(proxy if "//" in proxy or not proxy else f"//{proxy}").hostname or urlsplit(endpoint).hostname
    found = threading.Event()

    def resolve() -> None:
        with contextlib.suppress(OSError):
            socket.getaddrinfo(host, None)
            found.set()

    # A thread of its own, not a pool: Python waits for a pool's threads when it exits.
    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return found.is_set()


def asked_offline() -> bool:
    """Whether HF_HUB_OFFLINE (or HF_DATASETS_OFFLINE) is set, as the libraries understood it."""
    import datasets.config
    import huggingface_hub.constants

    return huggingface_hub.constants.HF_HUB_OFFLINE or datasets.config.HF_HUB_OFFLINE


@contextlib.contextmanager
def cache_only() -> Iterator[None]:
    """Let the libraries look into their local cache alone. They read the variable when they are imported: later only
    their constants can be set."""
    import datasets.config
    import huggingface_hub.constants

    modules: tuple[Any, ...] = (datasets.config, huggingface_hub.constants)
    before = [module.HF_HUB_OFFLINE for module in modules]
    for module in modules:
        module.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        for module, value in zip(modules, before, strict=True):
            module.HF_HUB_OFFLINE = value
