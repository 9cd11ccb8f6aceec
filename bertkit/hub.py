"""Whether the Hugging Face hub can be reached: known within 3 s, while its libraries try for up to 47 s."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bertkit.errors import RunError

PATIENCE = 3.0
"""Seconds to wait for the address of the hub."""
RUN = "hub:"
"""Opens the name of a Run on the hub: `hub:ORG/NAME[@revision]`."""


def reachable() -> bool:
    """Whether the user allows the hub and its name resolves within `PATIENCE` seconds."""
    return not asked_offline() and _has_address(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))


@functools.cache
def _has_address(endpoint: str) -> bool:
    """Whether the name of the hub, or of the proxy to it, resolves."""
    proxy = urllib.request.getproxies().get(urlsplit(endpoint).scheme, "")
    host = urlsplit(proxy if "//" in proxy or not proxy else f"//{proxy}").hostname or urlsplit(endpoint).hostname
    resolved = threading.Event()

    def resolve() -> None:
        with contextlib.suppress(OSError):
            socket.getaddrinfo(host, None)
            resolved.set()

    # Not a thread pool: Python would wait for its threads at exit.
    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return resolved.is_set()


def asked_offline() -> bool:
    """Whether HF_HUB_OFFLINE or HF_DATASETS_OFFLINE is set, as the libraries read it."""
    import datasets.config
    import huggingface_hub.constants

    return huggingface_hub.constants.HF_HUB_OFFLINE or datasets.config.HF_HUB_OFFLINE


@contextlib.contextmanager
def cache_only() -> Iterator[None]:
    """Make the libraries use only their local cache. They read the environment once, at import; this sets the constants
    they read it into."""
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


def download_run(text: str) -> Path:
    """The folder of a Run that `bertkit push` uploaded; downloaded once, afterwards from the cache.

    Args:
        text: `hub:ORG/NAME[@revision]`.

    Raises:
        RunError: there is none, or it can be had neither from the hub nor from the cache.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    name, _, revision = text.removeprefix(RUN).partition("@")
    try:
        return Path(snapshot_download(name, revision=revision or None, local_files_only=not reachable()))
    except HFValidationError as error:
        raise RunError.at(text, "not a name on the hub", "write hub:ORG/NAME") from error
    except LocalEntryNotFoundError as error:
        why = "HF_HUB_OFFLINE is set" if asked_offline() else "the hub can not be reached"
        raise RunError.at(text, f"{why}, and this is not in the local cache", "load it once with a network") from error
    except Exception as error:  # the library has twenty kinds, and httpx its own
        reason = " ".join(str(error).split())[:200]
        todo = "check the name; for a private Run, hf auth login"
        raise RunError.at(text, "can not be downloaded", todo, detail=reason) from error
