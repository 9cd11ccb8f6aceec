"""What data and models share about where things come from: installed packages and the hub."""

from __future__ import annotations

import functools
import importlib.util
import os
import socket
import threading
from pathlib import Path
from urllib.parse import urlparse

from bertkit.errors import BertkitError
from bertkit.extras import EXTRAS, pip_line

PACKAGE = "package:"
HUB_SECONDS = 3.0
"""How long a name look-up of the hub may take; the client's own retries take 23 to 47 s where there is no network."""


def package_path(name: str, where: str, kind: type[BertkitError]) -> Path:
    """The path behind `package:module/inner/path`; the package is not imported.

    Raises:
        kind: the package is not installed (with the pip line where an extra brings it), or has no such path.
    """
    module, _, inner = name.removeprefix(PACKAGE).partition("/")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    if spec is None:
        extra = next((extra for extra, modules in EXTRAS.items() if module in modules), None)
        todo = pip_line(extra) if extra else f"pip install {module.replace('_', '-')}"
        raise kind.at(where, f"{name}: the package {module} is not installed", todo)
    folders = spec.submodule_search_locations or [str(Path(spec.origin or "").parent)]
    for folder in folders:
        if (path := Path(folder, inner)).exists():
            return path
    raise kind.at(where, f"{name}: the package {module} has no {inner}", f"it lies in {folders[0]}")


@functools.cache
def hub_is_reachable() -> bool:
    """Whether the hub may be asked: not switched off by HF_HUB_OFFLINE, and its name is found within `HUB_SECONDS`."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return False
    url = urlparse(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    found = threading.Event()

    def look_up() -> None:
        try:
            socket.create_connection((url.hostname or "", url.port or 443), timeout=HUB_SECONDS).close()
            found.set()
        except (OSError, RuntimeError):  # RuntimeError: a test that shuts sockets
            pass

    # A thread, because the look-up of a name has no time limit of its own.
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(HUB_SECONDS)
    return found.is_set()
