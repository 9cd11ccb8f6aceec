"""Runs the server: sockets, signals, logs and its end.

SIGTERM and Ctrl-C end it: accepted requests are answered, new ones refused, and the exit code is 0. SIGHUP opens again
what has changed. A second Ctrl-C ends it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bertkit.errors import Parameter, RunError
from bertkit.serve.app import build
from bertkit.serve.served.prove import prove
from bertkit.serve.service import Service
from bertkit.serve.settings import ServeSettings

log = logging.getLogger("bertkit")

BACKLOG = 1024
IDLE = 75.0
"""Seconds that a connection may say nothing; load balancers close theirs after 60."""
LEAST = 64 * 1024
"""Bytes of a reply that a client reads in its time, at least: what is unsent is in memory."""


@dataclass(frozen=True)
class Listening:
    """Where a server listens.

    Args:
        certificate, private_key: files for TLS, in PEM.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    certificate: Path | None = None
    private_key: Path | None = None

    def check(self) -> None:
        """Raise a RunError for files that are not there."""
        for name, file in (("tls_cert", self.certificate), ("tls_key", self.private_key)):
            if file is not None and not file.is_file():
                raise RunError.at(Parameter(name), f"{file}: no such file", "name a PEM file")
        if (self.certificate is None) != (self.private_key is None):
            missing = "tls_key" if self.private_key is None else "tls_cert"
            raise RunError.at(Parameter(missing), "missing: TLS needs a certificate and its key", "name both files")

    def socket(self) -> socket.socket:
        """Raises RunError where the address can not be had."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            family, _, _, _, address = found[0]
            own = socket.socket(family, socket.SOCK_STREAM)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            own.bind(address)  # uvicorn listens, once all is open: until then nobody waits for an answer
        except (OSError, OverflowError) as error:
            what = f"{self.host}:{self.port} can not be used: {getattr(error, 'strerror', None) or error}"
            raise RunError.at(Parameter("port"), what, "name another --port, or stop what listens there") from error
        return own


class _Protocol(HttpToolsProtocol):
    """A connection whose client has a limited time to say what it wants, and of which there are not too many."""

    patience: float
    most: int

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._replies = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.close()
            return
        self._wait("request", IDLE)

    def connection_lost(self, exc: Exception | None) -> None:
        for name in list(self._timers):
            self._stop(name)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        begun = self.cycle is not None and not self.cycle.response_complete
        if "request" not in self._timers and self.timeout_keep_alive_task is None and not begun:
            self._wait("request", IDLE)  # something came that is no request

    def on_message_begin(self) -> None:
        self._wait("request", self.patience)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._stop("request")
        super().on_headers_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def on_response_complete(self) -> None:
        self._replies += 1
        self._watch()  # `close` waits for what is not sent yet, for ever where the client does not read
        super().on_response_complete()

    def _watch(self) -> None:
        """Abort once the client has read next to nothing in its time."""
        if "reply" not in self._timers:
            now = self.transport.get_write_buffer_size(), self._replies
            self._timers["reply"] = self.loop.call_later(self.patience, self._read_since, *now)

    def _read_since(self, size: int, replies: int) -> None:
        del self._timers["reply"]
        left = self.transport.get_write_buffer_size()
        if left and left > size - LEAST and replies == self._replies:  # another reply adds to what is unsent
            self.transport.abort()
        elif left:
            self._watch()

    def _wait(self, name: str, seconds: float) -> None:
        self._stop(name)
        self._timers[name] = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """We set our own handlers: uvicorn's end the process by the signal, with its exit code."""
        yield


def serve(settings: ServeSettings, listening: Listening, own: socket.socket | None = None) -> None:
    """Serve until a signal ends it.

    Args:
        own: a socket that is bound, in place of that of `listening`.

    Raises:
        BertkitError: a model, an index, the keys or the address can not be used; an answer differs from `predict`.
    """
    listening.check()
    with (
        contextlib.closing(own or listening.socket()) as own,
        _json_logs(),
        asyncio.Runner(loop_factory=_loop_factory()) as runner,
    ):
        runner.run(_serve(settings, listening, own))


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(settings: ServeSettings, listening: Listening, own: socket.socket) -> None:
    service = Service(settings)
    server = _Server(_config(settings, listening, service))
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[Any]] = set()
    opening = loop.create_task(service.start())

    def stop() -> None:
        opening.cancel()
        if server.should_exit:
            server.force_exit = True
        server.should_exit = True
        service.state = "stopping"

    def reload() -> None:
        if service.state != "ok":
            return
        tasks.add(task := loop.create_task(service.reload()))
        task.add_done_callback(tasks.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)
    with contextlib.suppress(asyncio.CancelledError):
        await opening
    if server.should_exit:
        return
    proving = loop.create_task(_prove(service, server, own, listening))
    try:
        await server.serve(sockets=[own])
        if proving.done():
            proving.result()
    finally:
        proving.cancel()
        await service.stop(at_once=server.force_exit)


def _config(settings: ServeSettings, listening: Listening, service: Service) -> uvicorn.Config:
    limits = {"patience": settings.read_timeout, "most": settings.max_connections}
    return uvicorn.Config(
        build(settings, service),
        http=type("Protocol", (_Protocol,), limits),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(IDLE),
        timeout_graceful_shutdown=max(1, round(settings.grace)),
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.private_key,
    )


async def _prove(service: Service, server: _Server, own: socket.socket, listening: Listening) -> None:
    """Ask the server over HTTP for what `predict` says, too; until then it is not ready. If it differs, it ends."""
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        if service.unproven:
            from bertkit.serve.served.asking import asking

            async with asking(service, own, tls=listening.certificate is not None) as ask:
                for served in list(service.registry.models.values()):
                    await prove(service, served, service.settings.prove, ask=ask)
            service.unproven = False
        log.info("serving %s", ", ".join([*service.registry.models, *service.registry.indexes]) + _at(own, listening))
    except BaseException:
        server.should_exit = True
        raise


def _at(own: socket.socket, listening: Listening) -> str:
    if own.family == getattr(socket, "AF_UNIX", None):
        return f" at {own.getsockname()}"
    host, port = own.getsockname()[:2]
    kind = "https" if listening.certificate else "http"
    return f" at {kind}://{f'[{host}]' if ':' in host else host}:{port}"


# --- logs -------------------------------------------------------------------------------------------------------------


class _Json(logging.Handler):
    """A line of JSON for each record."""

    def emit(self, record: logging.LogRecord) -> None:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname.lower(), "message": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = logging.Formatter().formatException(record.exc_info)
        with contextlib.suppress(OSError, ValueError):  # a full disk or a closed pipe must not end the server
            sys.stderr.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            sys.stderr.flush()


@contextlib.contextmanager
def _json_logs() -> Iterator[None]:
    """All that is logged as lines of JSON on the standard error, while the server runs."""
    named = [logging.getLogger(name) for name in ("bertkit", "uvicorn.error")]
    before = [(one.handlers, one.propagate, one.level) for one in named]
    handler = _Json()
    for one in named:
        one.handlers, one.propagate = [handler], False
    named[1].setLevel(logging.WARNING)
    try:
        yield
    finally:
        for one, (handlers, propagate, level) in zip(named, before, strict=True):
            one.handlers, one.propagate = handlers, propagate
            one.setLevel(level)
