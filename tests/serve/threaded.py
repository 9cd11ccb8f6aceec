"""Servers on 127.0.0.1 for tests: the real one, and one that replies as a test says."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest_socket
import uvicorn

from bertkit.serve.app import build
from bertkit.serve.service import Service
from bertkit.serve.settings import ServeSettings


def open_loopback() -> None:
    """Let this test use sockets to 127.0.0.1; conftest.py shuts them again before the next one."""
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


@dataclass
class Live:
    url: str
    service: Service


@contextlib.contextmanager
def serving(**settings: Any) -> Iterator[Live]:
    """A real server with these settings, in a thread."""
    open_loopback()
    interval = sys.getswitchinterval()
    service = Service(ServeSettings(**settings))
    app = build(service.settings, service)

    async def with_service(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            return await app(scope, receive, send)
        await receive()
        await service.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await service.stop()
        return await send({"type": "lifespan.shutdown.complete"})

    server = uvicorn.Server(uvicorn.Config(with_service, port=0, lifespan="on", log_config=None, ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Live(f"http://127.0.0.1:{port}", service)
    finally:
        server.should_exit = True
        thread.join(20)
        sys.setswitchinterval(interval)


@dataclass
class Scripted:
    """A server that replies with `replies`, one after the other, the last one again and again: a dict as JSON, a
    status, `(status, headers)`, a text, or None, where it drops the connection."""

    url: str
    replies: list[Any]
    asked: list[dict[str, Any]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    script: Scripted

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(sent) if sent else {}
        self.script.asked.append(body)
        left = self.script.replies
        reply = left.pop(0) if len(left) > 1 else left[0]
        reply = reply(body) if callable(reply) else reply
        if reply is None:
            self.close_connection = True
            return
        status, headers = reply if isinstance(reply, tuple) else (reply if isinstance(reply, int) else 200, {})
        content = reply if isinstance(reply, str) else json.dumps(reply if isinstance(reply, dict) else {})
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content.encode()))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content.encode())


@contextlib.contextmanager
def scripted(*replies: Any) -> Iterator[Scripted]:
    """See `Scripted`."""
    open_loopback()
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    script = handler.script = Scripted(f"http://127.0.0.1:{server.server_address[1]}", list(replies))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


def answers(body: dict[str, Any], hash: str = "aaaa") -> dict[str, Any]:
    """A reply of /v1/predict with an answer for each row, which is the row itself."""
    given = [{"columns": {"predicted_label": row}, "text": "", "cut_tokens": 0} for row in body["rows"]]
    return {"model": "m", "hash": hash, "answers": given}
