"""The Hugging Face hub: whether it can be reached, whether it has what a recipe names, and what it says where not.

A hub out of reach is known within 3 s, while its libraries try for up to 47 s. They also raise some twenty kinds of
errors, one for another; what the hub itself said is at the end of their chain.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import functools
import os
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from bertkit.errors import RunError

PATIENCE = 3.0
"""Seconds to wait for the address of the hub."""
RUN = "hub:"
"""Opens the name of a Run on the hub: `hub:ORG/NAME[@revision]`."""
ANSWER = 15.0
"""Seconds to wait for an answer of the hub."""
SEARCH = 3.0
"""Seconds to wait for names like one that the hub does not have."""
AGAIN = 2
"""How often the hub is asked again where it is out of order: after one second, and after two more."""
SUGGESTED = 3

Kind = Literal["model", "dataset", "space"]
NAMES = {"model": "model", "dataset": "data set", "space": "metric"}
OUT_OF_ORDER = (500, 502, 503, 504)


class Said(NamedTuple):
    """Why the hub does not give something."""

    what: str
    todo: str
    passing: bool = False
    """Whether it may be otherwise in a while; a copy in the cache is as good until then."""
    of_revision: bool = False


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


def out_of_reach() -> str:
    """Why the hub is not asked."""
    return "the hub is out of reach" + (" (HF_HUB_OFFLINE is set)" if asked_offline() else "")


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
    from huggingface_hub.errors import LocalEntryNotFoundError

    name, _, revision = text.removeprefix(RUN).partition("@")
    try:
        return Path(snapshot_download(name, revision=revision or None, local_files_only=not reachable()))
    except LocalEntryNotFoundError as error:
        why = "HF_HUB_OFFLINE is set" if asked_offline() else "the hub can not be reached"
        raise RunError.at(text, f"{why}, and this is not in the local cache", "load it once with a network") from error
    except Exception as error:  # of HTTP, the network and the checks of names
        said = explain(error, name, "model", revision or None) or Said(_first_line(error), "try again later")
        raise RunError.at(text, said.what, said.todo) from error


def check(name: str, kind: Kind, revision: str | None = None) -> Said | None:
    """Ask the hub whether it gives a repository at a revision. None: it does; asked once per process."""
    try:
        files(name, kind, revision or "main")
    except Exception as error:  # of HTTP, the network and the checks of names
        return explain(error, name, kind, revision) or Said(f"{name}: {_first_line(error)}", "try again later", True)
    return None


@functools.cache
def files(name: str, kind: Kind, revision: str) -> frozenset[str]:
    """The names of the files of a repository. Raises what huggingface_hub raises."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    for pause in (*range(1, AGAIN + 1), 0):
        try:
            info: Any = HfApi().repo_info(name, repo_type=kind, revision=revision, timeout=ANSWER)
            if getattr(info, "gated", False):  # all may read about it, and few its files
                HfApi().auth_check(name, repo_type=kind)
            break
        except HfHubHTTPError as error:
            if not pause or error.response.status_code not in OUT_OF_ORDER:
                raise
            time.sleep(pause)
    return frozenset(one.rfilename for one in info.siblings or ())


def explain(error: BaseException, name: str, kind: Kind, revision: str | None = None) -> Said | None:
    """What the hub said, of an error that its libraries raised; None for other errors."""
    for one in _chain(error):
        if said := _of_answer(one, name, kind, revision) or _of_transfer(one, name):
            return said
    return None


def _chain(error: BaseException | None) -> list[BaseException]:
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _of_answer(error: BaseException, name: str, kind: Kind, revision: str | None) -> Said | None:
    """What an answer of the hub means."""
    from huggingface_hub import constants, errors, get_token

    page = f"{constants.ENDPOINT}/{'' if kind == 'model' else f'{kind}s/'}{name}"
    log_in = "hf auth login" if not get_token() else "hf auth login, with a token that may read it"
    if isinstance(error, errors.HFValidationError):
        return Said(f"{name}: not a name that the hub can have", "names are NAME or ORGANISATION/NAME")
    if isinstance(error, errors.GatedRepoError):
        return Said(f"{name}: its authors ask you to accept their terms", f"accept them at {page}, then {log_in}")
    if isinstance(error, errors.RepositoryNotFoundError):
        near = [f"did you mean {' or '.join(names)}?"] if (names := _near(name, kind)) else []
        todo = "; ".join([*near, f"if it is private: {log_in}"])
        return Said(f"{name}: the hub has no such {NAMES[kind]}, or it is private", todo)
    if isinstance(error, errors.RevisionNotFoundError):
        what = f"{name}: the hub has no revision {revision} of it"
        return Said(what, f"{page}/tree/main lists its branches and tags", of_revision=True)
    if isinstance(error, errors.RemoteEntryNotFoundError):
        missing = str(error.response.url).rpartition("/")[2]
        return Said(f"{name}: the hub has no {missing} of it", f"its files: {page}/tree/{revision or 'main'}")
    if isinstance(error, errors.DisabledRepoError):
        return Said(f"{name}: the hub has closed it", f"see {page}")
    return _of_status(error, name, log_in) if isinstance(error, errors.HfHubHTTPError) else None


def _of_status(error: Any, name: str, log_in: str) -> Said:
    from huggingface_hub.utils import parse_ratelimit_headers

    status, headers = error.response.status_code, error.response.headers
    if status in (401, 403):
        return Said(f"{name}: the hub refuses it (HTTP {status})", log_in)
    if status == 429:
        limits = parse_ratelimit_headers(headers)
        seconds = limits.reset_in_seconds if limits else headers.get("Retry-After")
        wait = f"wait {seconds} seconds, or " if seconds else "wait some minutes, or "
        return Said(f"{name}: too many requests to the hub", f"{wait}hf auth login for a higher limit", passing=True)
    what = f"{name}: the hub is out of order (HTTP {status})"
    return Said(what, "try again in some minutes", passing=True)


def _of_transfer(error: BaseException, name: str) -> Said | None:
    """What an error between the hub and the disk means."""
    import httpx2
    from huggingface_hub import constants

    again = "run the command again"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = f"{name}: no room for it in {constants.HF_HUB_CACHE} ({error.strerror})"
        return Said(what, "free some space, or set HF_HOME to a folder on another disk")
    if isinstance(error, httpx2.ProxyError):
        return Said(f"{name}: the proxy refuses ({_first_line(error)})", "check HTTPS_PROXY and HTTP_PROXY", True)
    if isinstance(error, (httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.ReadTimeout)):
        return Said(f"{name}: the download was cut off ({_first_line(error)})", again, passing=True)
    if isinstance(error, httpx2.TransportError):
        what = f"{name}: no connection to {constants.ENDPOINT} ({_first_line(error)})"
        return Said(what, f"{again} once there is a network", passing=True)
    return None


def _near(name: str, kind: Kind) -> list[str]:
    """Names on the hub that are like one that it does not have, the nearest first; empty where it does not answer."""
    from huggingface_hub import constants
    from huggingface_hub.utils import build_hf_headers, get_session

    last = name.rpartition("/")[2].lower()
    words = last.replace("_", "-").split("-")
    # The hub finds whole parts of names alone: a part without the mistake is looked for.
    half = len(last) // 2
    parts = ["-".join(words[: len(words) // 2])] if len(words) > 1 else [last[:half], last[half:]]
    found: dict[str, str] = {}
    with contextlib.suppress(Exception):  # it is a hint: no error may hide the one that it belongs to
        for search in dict.fromkeys((last, *parts)):
            answer = get_session().get(
                f"{constants.ENDPOINT}/api/{kind}s",
                params={"search": search, "sort": "downloads", "limit": 100},
                headers=build_hf_headers(), timeout=SEARCH,
            )  # fmt: skip
            found |= {str(one["id"]).lower(): str(one["id"]) for one in answer.json()}
    # The name without its organisation first, of which `bert-base-chinese` has none and many models another one.
    by_last = {known.rpartition("/")[2]: known for known in reversed(found)}
    near = [by_last[one] for one in difflib.get_close_matches(last, by_last, SUGGESTED, 0.8)]
    near += difflib.get_close_matches(name.lower(), found, SUGGESTED, 0.8)
    return [found[one] for one in dict.fromkeys(near)][:SUGGESTED]


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
