"""A hub of our own on 127.0.0.1: the few calls that huggingface_hub, transformers, datasets and evaluate make.

    with serve(cache, monkeypatch) as hub:
        hub.add("me/tiny", folder_of_files)
        hub.fail("resolve/main/model.safetensors", 503)

Headers and codes are those of huggingface.co: X-Repo-Commit, ETag, X-Error-Code, ranges, 401 for what does not exist or
is private, 403 for terms that are not accepted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import pytest_socket

from tests import loopback_push

TOKEN = "hf_good"
RESOLVE = re.compile(r"/(?:(?P<kind>datasets|spaces)/)?(?P<name>[^/]+(?:/[^/]+)?)/resolve/(?P<rev>[^/]+)/(?P<file>.+)")
API = re.compile(
    r"/api/(?P<kind>models|datasets|spaces)/(?P<name>[^/]+(?:/[^/]+)?)"
    r"(?:/(?P<call>auth-check)|/(?P<of>revision|tree|paths-info)/(?P<rev>[^/]+)(?:/(?P<file>.+))?)?"
)
LIST = re.compile(r"/api/(?P<kind>models|datasets|spaces)")


@dataclass
class Repository:
    """Commits, each with its files, and the branches and tags that name them."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    private: bool = False
    gated: bool = False


@dataclass
class Fault:
    """What goes wrong where a path ends so: a status, or a connection that is closed after some bytes."""

    path: str
    status: int = 0
    cut: int | None = None
    times: int = 10**6
    headers: dict[str, str] = field(default_factory=dict)


class LoopbackHub:
    """What the hub has, what goes wrong, and what it was asked for."""

    def __init__(self, endpoint: str):
        self.endpoint = endpoint
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.faults: list[Fault] = []
        self.asked: list[tuple[str, str, str]] = []
        """Method, path and Range of each request."""

    def add(self, name: str, content: Path | dict[str, bytes], *, kind: str = "model", revision: str = "main") -> str:
        """A new commit; returns its hash."""
        if isinstance(content, Path):
            content = {str(f.relative_to(content)): f.read_bytes() for f in content.rglob("*") if f.is_file()}
        repository = self.repositories.setdefault((f"{kind}s", name), Repository())
        commit = hashlib.sha1(f"{name}{len(repository.commits)}".encode()).hexdigest()
        repository.commits[commit] = content
        repository.names[revision] = commit
        return commit

    def limit(self, name: str, *, kind: str = "model", private: bool = False, gated: bool = False) -> None:
        repository = self.repositories[f"{kind}s", name]
        repository.private, repository.gated = private, gated

    def fail(self, path: str, status: int, *, times: int = 10**6, **headers: str) -> None:
        self.faults.append(Fault(path, status=status, times=times, headers=headers))

    def cut(self, path: str, after: int, *, times: int = 10**6) -> None:
        """Close the connection of a GET after so many bytes of its answer."""
        self.faults.append(Fault(path, cut=after, times=times))

    def fault(self, path: str, *, body: bool) -> Fault | None:
        for fault in self.faults:
            if path.endswith(fault.path) and fault.times > 0 and (fault.status or body):
                fault.times -= 1
                return fault
        return None


class _Handler(BaseHTTPRequestHandler):
    hub: LoopbackHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None: ...

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_POST(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        url = urlsplit(self.path)
        path, query = unquote(url.path), parse_qs(url.query)
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.hub.asked.append((self.command, path, self.headers.get("Range", "")))
        fault = self.hub.fault(path, body=body)
        if fault and fault.status:
            return self._send(fault.status, b"{}", fault.headers)
        known = self._known
        if self.command == "POST" and (done := loopback_push.answer(self.hub, path, sent, known=known)):
            return self._send(done[0], json.dumps(done[1]).encode(), {"Content-Type": "application/json"})
        if found := LIST.fullmatch(path):
            return self._list(found["kind"], query.get("search", [""])[0])
        # %2F of a revision such as refs/pr/1 stands for a part of one name.
        raw = url.path
        if found := RESOLVE.fullmatch(raw) or API.fullmatch(raw):
            parts = {key: unquote(value) if value else "" for key, value in found.groupdict().items()}
            parts["call"] = parts.get("call") or parts.get("of") or ("about" if "call" in parts else "resolve")
            parts["recursive"] = query.get("recursive", ["false"])[0].lower()
            return self._of_repository(parts, sent, body, fault.cut if fault else None)
        return self._send(404, b"{}")

    @property
    def _known(self) -> bool:
        """Whether the request has the good token."""
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _list(self, kind: str, search: str) -> None:
        names = [name for (of, name), one in self.hub.repositories.items() if of == kind and not one.private]
        self._json([{"id": name, "modelId": name} for name in sorted(names) if search.lower() in name.lower()])

    def _of_repository(self, parts: dict[str, str], sent: str, body: bool, cut: int | None) -> None:
        kind, name, revision = parts["kind"] or "models", parts["name"], parts["rev"] or "main"
        repository = self.hub.repositories.get((kind, name))
        known = self._known
        if repository is None or (repository.private and not known):
            return self._error(404 if known else 401, "RepoNotFound", "Repository not found")
        if repository.gated and parts["call"] in ("resolve", "auth-check") and not known:
            return self._error(403, "GatedRepo", f"Access to {name} is restricted")
        commit = repository.names.get(revision, revision)
        if commit not in repository.commits:
            return self._error(404, "RevisionNotFound", "Invalid rev id")
        files = repository.commits[commit]
        if parts["call"] == "auth-check":
            return self._json({})
        if parts["call"] == "resolve":
            return self._file(parts["file"], files, commit, body, cut)
        if parts["call"] == "tree":
            return self._json(_tree(files, parts["file"], recursive=parts["recursive"] == "true"))
        if parts["call"] == "paths-info":
            wanted = json.loads(sent)["paths"] if sent.startswith("{") else parse_qs(sent)["paths"]
            return self._json([_entry(path, files[path]) for path in wanted if path in files])
        siblings = [{"rfilename": path, "size": len(data)} for path, data in files.items()]
        about = {"id": name, "modelId": name, "sha": commit, "siblings": siblings, "tags": [], "downloads": 0}
        return self._json({**about, "private": repository.private, "likes": 0, "gated": repository.gated})

    def _file(self, file: str, files: dict[str, bytes], commit: str, body: bool, cut: int | None) -> None:
        headers = {"X-Repo-Commit": commit}
        if file not in files:
            return self._error(404, "EntryNotFound", "Entry not found", headers)
        data = files[file]
        headers |= {"ETag": f'"{_hash(data)}"', "Accept-Ranges": "bytes"}
        status = 200
        if found := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(found[1]), int(found[2] or len(data) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            status, data = 206, data[first : last + 1]
        return self._send(status, data, headers, cut)

    def _error(self, status: int, code: str, text: str, headers: dict[str, str] | None = None) -> None:
        self._send(status, b"{}", {**(headers or {}), "X-Error-Code": code, "X-Error-Message": text})

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, data: bytes, headers: dict[str, str] | None = None, cut: int | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(OSError):
                self.wfile.write(data[:cut])
        if cut is not None:
            self.close_connection = True


def _hash(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


def _tree(files: dict[str, bytes], folder: str, *, recursive: bool) -> list[dict[str, Any]]:
    """The files and folders in a folder."""
    under = f"{folder}/" if folder else ""
    entries: dict[str, dict[str, Any]] = {}
    for path, data in files.items():
        inner = path.removeprefix(under).split("/")
        for depth in range(1, len(inner)) if path.startswith(under) else ():
            name = under + "/".join(inner[:depth])
            entries[name] = {"type": "directory", "path": name, "size": 0, "oid": _hash(name.encode())}
        if path.startswith(under):
            entries[path] = _entry(path, data)
    return [one for name, one in entries.items() if recursive or "/" not in name.removeprefix(under)]


def _entry(path: str, data: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(data), "oid": _hash(data)}


@contextlib.contextmanager
def serve(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A hub that all libraries in this process take for huggingface.co, with an empty cache and no token."""
    import datasets.config
    import huggingface_hub.constants as constants
    import huggingface_hub.hf_api
    import transformers.utils.hub
    from huggingface_hub.utils import close_session

    from bertkit import hub

    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    _Handler.hub = LoopbackHub(endpoint)
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "0")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    for module, values in {
        constants: {
            "ENDPOINT": endpoint,
            "HUGGINGFACE_CO_URL_TEMPLATE": f"{endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}",
            "HF_HUB_CACHE": str(cache / "hub"),
            "HF_HUB_OFFLINE": False,
            "HF_TOKEN_PATH": str(cache / "token"),
        },
        datasets.config: {
            "HF_ENDPOINT": endpoint,
            "HF_HUB_OFFLINE": False,
            "HF_DATASETS_CACHE": cache / "datasets",
            "HF_CACHE_HOME": str(cache),
        },
        huggingface_hub.hf_api.api: {"endpoint": endpoint},
        transformers.utils.hub: {"_hf_api": None},
    }.items():
        for name, value in values.items():
            monkeypatch.setattr(module, name, value)
    hub._has_address.cache_clear()
    hub.files.cache_clear()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield _Handler.hub
    finally:
        close_session()
        server.shutdown()
        server.server_close()
        hub._has_address.cache_clear()
        hub.files.cache_clear()
